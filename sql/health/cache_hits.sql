-- How many of the blocks that were asked for were found in PostgreSQL's own cache, for tables and for indexes.
-- worry: below 90 % on a busy database the working set does not fit shared_buffers. A database that was just started,
--   or that is read once a night, has low numbers and no problem; the operating system's cache is not counted.
-- do: find what reads most in slow_statements and sequential_scans; then give shared_buffers a quarter of the memory.
-- warn: blocks_read > 1000000 and hit_percent < 90
-- labels: kind
SELECT
    k.kind,
    k.blocks_cached,
    k.blocks_read,
    pg_catalog.round(100.0 * k.blocks_cached / nullif(k.blocks_cached + k.blocks_read, 0), 2) AS hit_percent
FROM (
    SELECT
        'tables' AS kind,
        coalesce(pg_catalog.sum(t.heap_blks_hit), 0) AS blocks_cached,
        coalesce(pg_catalog.sum(t.heap_blks_read), 0) AS blocks_read
    FROM pg_catalog.pg_statio_user_tables AS t
    UNION ALL
    SELECT
        'indexes' AS kind,
        coalesce(pg_catalog.sum(i.idx_blks_hit), 0) AS blocks_cached,
        coalesce(pg_catalog.sum(i.idx_blks_read), 0) AS blocks_read
    FROM pg_catalog.pg_statio_user_indexes AS i
) AS k
ORDER BY k.kind;
