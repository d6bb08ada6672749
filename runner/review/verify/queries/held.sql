-- The tables and materialized views that have rows of their own, with their columns by name, to compare them later:
-- each partition, child table and unlogged table for itself. A virtual column has no values of its own, and its expression
-- may fail.
SELECT
    c.oid::bigint AS oid,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name,
    c.relkind = 'm' AS is_view,
    c.relispopulated AS is_populated,
    pg_catalog.pg_relation_size(c.oid) AS size_bytes,
    ARRAY(
        SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'
        ORDER BY a.attname
    ) AS columns,
    ARRAY(
        SELECT a.attnum::int FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'
        ORDER BY a.attname
    ) AS numbers,
    ARRAY(
        SELECT a.attname::text FROM pg_catalog.pg_index AS i
        INNER JOIN pg_catalog.pg_attribute AS a ON i.indrelid = a.attrelid AND a.attnum = ANY(i.indkey)
        WHERE i.indrelid = c.oid AND i.indisprimary
        ORDER BY a.attname
    ) AS keys
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.oid >= 16384
    AND c.relkind IN ('r', 'm')
    AND n.nspname !~ '^pg_(temp|toast)'
    AND c.relname <> ALL(%(hidden)s);
