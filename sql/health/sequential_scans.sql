-- Tables of some size that are read whole, again and again: where an index may be missing.
-- worry: rows_a_scan is what each such query has to read. A small table, or a nightly report, is nothing to worry
--   about.
-- do: find the queries in slow_statements, EXPLAIN them, and write a migration with CREATE INDEX CONCURRENTLY.
-- warn: scans > 1000 and rows_a_scan > 10000 and index_percent < 90
-- labels: schema, table
SELECT
    s.schemaname::text AS schema,
    s.relname::text AS table,
    s.seq_scan AS scans,
    s.seq_tup_read / s.seq_scan AS rows_a_scan,
    coalesce(s.idx_scan, 0) AS index_scans,
    pg_catalog.round(100.0 * coalesce(s.idx_scan, 0) / (s.seq_scan + coalesce(s.idx_scan, 0)), 1) AS index_percent,
    pg_catalog.pg_table_size(s.relid) AS size_bytes
FROM pg_catalog.pg_stat_user_tables AS s
WHERE s.seq_scan > 0 AND s.n_live_tup > 1000
ORDER BY s.seq_tup_read DESC
LIMIT 50;
