-- How far replicas are behind; on a replica, how far it is itself. No row: nothing replicates from here.
-- worry: reads from a replica are that old, and a failover loses that much. Growing bytes with a replica at work: the
--   network or its disk is too slow; a growing delay alone may be a query on the replica that holds the replay up.
-- do: look at the replica: its log, its disk, its long queries (max_standby_streaming_delay). A backfill can wait for
--   it: -- batch: lag 10s.
-- sees: sessions
-- warn: behind_s > 1min
-- problem: behind_s > 10min
-- labels: replica
SELECT
    coalesce(nullif(r.application_name, ''), r.client_addr::text, 'pid ' || r.pid::text) AS replica,
    r.client_addr::text AS client,
    r.state,
    r.sync_state AS sync,
    pg_catalog.round(EXTRACT(EPOCH FROM r.replay_lag)::numeric, 1) AS behind_s,
    pg_catalog.pg_wal_lsn_diff(
        CASE
            WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()
            ELSE pg_catalog.pg_current_wal_lsn()
        END,
        r.replay_lsn
    )::bigint AS behind_bytes
FROM pg_catalog.pg_stat_replication AS r
UNION ALL
SELECT
    'this server' AS replica,
    NULL AS client,
    CASE WHEN pg_catalog.pg_is_wal_replay_paused() THEN 'paused' ELSE 'replaying' END AS state,
    NULL AS sync,
    CASE
        WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
        ELSE pg_catalog.round(
            EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::numeric, 1
        )
    END AS behind_s,
    pg_catalog.pg_wal_lsn_diff(
        pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()
    )::bigint AS behind_bytes
WHERE pg_catalog.pg_is_in_recovery()
ORDER BY behind_bytes DESC NULLS LAST, replica ASC;
