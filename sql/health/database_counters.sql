-- What this database has done since its statistics were reset: transactions, rows, temporary files, deadlocks, failed
--   checksums.
-- worry: a failed checksum is a broken disk. Deadlocks that go on mean transactions that take the same locks in
--   another order. Many temporary files mean sorts that do not fit work_mem. Many rollbacks mean an application that
--   meets errors.
-- do: a checksum: restore from a backup, and have the disk examined. Deadlocks: the server's log names both
--   statements.
-- problem: checksum_failures > 0
-- labels: database
SELECT
    d.datname::text AS database,
    d.numbackends AS connections,
    d.xact_commit AS commits,
    d.xact_rollback AS rollbacks,
    pg_catalog.round(100.0 * d.xact_rollback / nullif(d.xact_commit + d.xact_rollback, 0), 2) AS rollback_percent,
    d.blks_read AS blocks_read,
    d.blks_hit AS blocks_cached,
    d.tup_returned AS rows_read,
    d.tup_fetched AS rows_fetched,
    d.tup_inserted AS rows_inserted,
    d.tup_updated AS rows_updated,
    d.tup_deleted AS rows_deleted,
    d.conflicts,
    d.deadlocks,
    d.temp_files AS temporary_files,
    d.temp_bytes AS temporary_bytes,
    coalesce(d.checksum_failures, 0) AS checksum_failures,
    d.stats_reset AS counted_since
FROM pg_catalog.pg_stat_database AS d
WHERE d.datname = pg_catalog.current_database();
