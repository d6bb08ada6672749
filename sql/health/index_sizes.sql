-- The largest indexes, with the table that each belongs to.
-- worry: when an index is larger than its table, or grows while the table does not.
-- do: see index_bloat, unused_indexes and duplicate_indexes.
-- labels: schema, index
SELECT
    n.nspname::text AS schema,
    c.relname::text AS index,
    t.relname::text AS table,
    pg_catalog.pg_relation_size(c.oid) AS size_bytes,
    pg_catalog.pg_table_size(t.oid) AS table_bytes
FROM pg_catalog.pg_index AS i
INNER JOIN pg_catalog.pg_class AS c ON i.indexrelid = c.oid
INNER JOIN pg_catalog.pg_class AS t ON i.indrelid = t.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.relkind = 'i'
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema'
ORDER BY size_bytes DESC
LIMIT 50;
