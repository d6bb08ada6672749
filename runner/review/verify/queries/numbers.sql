-- Some relations and their columns by number: what has the same number later was not recreated.
SELECT
    c.oid::bigint,
    0 AS number,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE c.oid IN (SELECT pg_catalog.to_regclass(r.name) FROM pg_catalog.unnest(%(relations)s::text[]) AS r (name))
UNION ALL
SELECT
    c.oid::bigint,
    a.attnum,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
    || '.' || pg_catalog.quote_ident(a.attname)
FROM pg_catalog.pg_attribute AS a
INNER JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.oid IN (SELECT pg_catalog.to_regclass(r.name) FROM pg_catalog.unnest(%(relations)s::text[]) AS r (name))
    AND c.relkind IN ('r', 'p')
    AND a.attnum > 0
    AND NOT a.attisdropped;
