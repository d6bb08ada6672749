-- What the transaction has done so far: table locks, full scans, the place in the WAL.
SELECT
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint AS wal,
    ARRAY(
        SELECT l.relation::bigint || ' ' || l.mode
        FROM pg_catalog.pg_locks AS l
        WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.relation >= 16384
    ) AS locks,
    ARRAY(
        SELECT c.oid::bigint || ' ' || pg_catalog.pg_stat_get_xact_numscans(c.oid)
        FROM pg_catalog.pg_class AS c
        WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm') AND pg_catalog.pg_stat_get_xact_numscans(c.oid) > 0
    ) AS scans;
