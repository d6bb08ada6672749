-- Sequences with the column that owns each (deptype a: serial or OWNED BY, i: identity).
SELECT
    c.oid,
    n.nspname::text AS schema_name,
    c.relname::text AS raw_name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS qualified,
    pg_catalog.format_type(s.seqtypid, NULL) AS type,
    s.seqstart,
    s.seqincrement,
    s.seqmin,
    s.seqmax,
    s.seqcache,
    s.seqcycle,
    c.relpersistence = 'u' AS unlogged,
    -- before PostgreSQL 15 no sequence was unlogged, that of an unlogged table neither
    coalesce(t.relpersistence <> c.relpersistence, FALSE)
    AND pg_catalog.current_setting('server_version_num')::int >= 150000 AS is_unlike_its_table,
    own.refobjid AS table_oid,
    own.refobjsubid AS column_number,
    coalesce(own.deptype = 'i', FALSE) AS is_identity,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) AS owner
FROM pg_catalog.pg_sequence AS s
INNER JOIN pg_catalog.pg_class AS c ON s.seqrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_catalog.pg_depend AS own
    ON
        own.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND c.oid = own.objid
        AND own.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND own.refobjsubid > 0
        AND own.deptype IN ('a', 'i')
LEFT JOIN pg_catalog.pg_class AS t ON own.refobjid = t.oid
WHERE
    n.nspname !~ '^pg_'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
    );
