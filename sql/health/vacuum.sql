-- Tables with many dead rows, and when each was last vacuumed and analyzed.
-- worry: when dead rows stay: queries read them, and the table grows instead of using their room again. Never
--   analyzed means that the planner guesses.
-- do: VACUUM (ANALYZE) the table. If the rows stay, an old transaction or a slot holds them: see long_transactions
--   and replication_slots. If it comes back, lower autovacuum_vacuum_scale_factor for this table.
-- warn: dead_rows > 10000 and dead_percent > 20
-- problem: dead_rows > 1000000 and dead_percent > 50
-- labels: schema, table
SELECT
    s.schemaname::text AS schema,
    s.relname::text AS table,
    s.n_dead_tup AS dead_rows,
    s.n_live_tup AS live_rows,
    pg_catalog.round(100.0 * s.n_dead_tup / greatest(s.n_live_tup + s.n_dead_tup, 1), 1) AS dead_percent,
    s.n_mod_since_analyze AS changes_since_analyze,
    greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed,
    greatest(s.last_analyze, s.last_autoanalyze) AS analyzed
FROM pg_catalog.pg_stat_user_tables AS s
ORDER BY s.n_dead_tup DESC, s.schemaname ASC, s.relname ASC
LIMIT 50;
