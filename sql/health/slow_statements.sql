-- Statements that took the most time in all since the statistics were reset. The view is where the extension was
--   created.
-- worry: a few statements with most of share_percent are where work pays; a long mean with few calls is a report or a
--   missing index; many rows read from disk for few returned, too.
-- do: EXPLAIN (ANALYZE, BUFFERS) the statement. Reset the counters after a change: SELECT
--   pg_stat_statements_reset().
-- needs: extension pg_stat_statements
-- sees: sessions
SELECT
    s.queryid::text AS id,
    s.calls,
    pg_catalog.round(s.total_exec_time::numeric, 1) AS total_ms,
    pg_catalog.round(
        (100 * s.total_exec_time / nullif(pg_catalog.sum(s.total_exec_time) OVER (), 0))::numeric, 1
    ) AS share_percent,
    pg_catalog.round(s.mean_exec_time::numeric, 2) AS mean_ms,
    pg_catalog.round(s.max_exec_time::numeric, 1) AS longest_ms,
    s.rows,
    s.shared_blks_hit AS blocks_cached,
    s.shared_blks_read AS blocks_read,
    s.query
FROM pg_stat_statements AS s
INNER JOIN pg_catalog.pg_database AS d ON s.dbid = d.oid
WHERE d.datname = pg_catalog.current_database()
ORDER BY s.total_exec_time DESC
LIMIT 10;
