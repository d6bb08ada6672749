-- Collations. Their versions come with the server's libraries. What names the locale differs between servers.
SELECT
    'pg_catalog.pg_collation'::pg_catalog.regclass::pg_catalog.oid AS catalog,
    c.oid,
    'collation' AS kind,
    n.nspname::text AS schema_name,
    names.qualified AS identity,
    'CREATE COLLATION ' || names.qualified || ' (' || pg_catalog.concat_ws(
        ', ',
        'PROVIDER = ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
        CASE
            WHEN c.collprovider <> 'c' OR c.collcollate = c.collctype THEN
                'LOCALE = ' || pg_catalog.quote_literal(coalesce(
                    pg_catalog.to_jsonb(c) ->> 'colllocale', pg_catalog.to_jsonb(c) ->> 'colliculocale', c.collcollate
                ))
            ELSE
                'LC_COLLATE = ' || pg_catalog.quote_literal(c.collcollate)
                || ', LC_CTYPE = ' || pg_catalog.quote_literal(c.collctype)
        END,
        CASE WHEN NOT c.collisdeterministic THEN 'DETERMINISTIC = false' END,
        'RULES = ' || pg_catalog.quote_literal(pg_catalog.to_jsonb(c) ->> 'collicurules')
    ) || ')' AS sql,
    NULL::text[] AS options,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.collowner)) AS owner,
    NULL::bigint[] AS within,
    NULL::bigint[] AS needs
FROM pg_catalog.pg_collation AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.collnamespace = n.oid
CROSS JOIN LATERAL (
    SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.collname) AS qualified
) AS names
WHERE c.oid >= 16384
