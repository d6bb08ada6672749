-- The largest tables: rows, TOAST and indexes.
-- worry: when one grows faster than its use explains, or its indexes are larger than the table.
-- do: see table_bloat, index_bloat and unused_indexes; delete or partition what is not needed any more.
-- labels: schema, table
SELECT
    n.nspname::text AS schema,
    c.relname::text AS table,
    pg_catalog.pg_total_relation_size(c.oid) AS size_bytes,
    pg_catalog.pg_table_size(c.oid) AS table_bytes,
    pg_catalog.pg_indexes_size(c.oid) AS index_bytes,
    CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END AS estimated_rows
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.relkind IN ('r', 'm')
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema'
ORDER BY size_bytes DESC
LIMIT 50;
