-- What the planner knows of each column: distinct values (negative: as a share of the rows), and how far their order
--   is that on disk.
-- worry: a column that queries filter by, with many distinct values and no index; a correlation near 0 makes range
--   scans of an index jump about.
-- do: an index for the first (see sequential_scans); ANALYZE where a table is missing here; ALTER TABLE ... ALTER
--   COLUMN ... SET STATISTICS 1000 where the planner's estimate is far off.
-- sees: tables
SELECT
    s.schemaname::text AS schema,
    s.tablename::text AS table,
    s.attname::text AS "column",
    s.n_distinct AS distinct_values,
    s.correlation,
    s.null_frac AS null_share,
    s.avg_width AS width_bytes,
    EXISTS(
        SELECT
        FROM pg_catalog.pg_index AS i
        INNER JOIN pg_catalog.pg_class AS c ON i.indrelid = c.oid
        INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
        INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid AND i.indkey[0] = a.attnum
        WHERE n.nspname = s.schemaname AND c.relname = s.tablename AND a.attname = s.attname
    ) AS leads_an_index
FROM pg_catalog.pg_stats AS s
WHERE s.schemaname NOT LIKE 'pg\_%' AND s.schemaname <> 'information_schema'
ORDER BY s.schemaname, s.tablename, s.attname
LIMIT 500;
