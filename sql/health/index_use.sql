-- How often each index was used since the statistics were reset, the most used first.
-- worry: an index that reads many entries and fetches few rows serves its queries badly; one near the end of the list
--   serves none.
-- do: compare with what the application asks; see unused_indexes. A replica's queries count there, not here.
-- labels: schema, index
SELECT
    s.schemaname::text AS schema,
    s.indexrelname::text AS index,
    s.relname::text AS table,
    s.idx_scan AS scans,
    s.idx_tup_read AS entries_read,
    s.idx_tup_fetch AS rows_fetched,
    pg_catalog.pg_relation_size(s.indexrelid) AS size_bytes
FROM pg_catalog.pg_stat_user_indexes AS s
ORDER BY s.idx_scan DESC, s.schemaname ASC, s.indexrelname ASC
LIMIT 100;
