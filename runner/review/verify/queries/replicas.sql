-- Who replicates from here, and how far behind it is: WAL that a migration writes must travel there too.
SELECT
    coalesce(nullif(r.application_name, ''), 'a replica')
    || coalesce(', ' || r.sync_state, '')
    || coalesce(
        ', ' || pg_catalog.pg_size_pretty(
            pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn)
        ) || ' behind', ''
    )
FROM pg_catalog.pg_stat_replication AS r
WHERE NOT pg_catalog.pg_is_in_recovery()
ORDER BY 1;
