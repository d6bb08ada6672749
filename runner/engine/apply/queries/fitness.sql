-- Whether the server can take more: how far replicas are behind, of how many we may not know it, who waits for locks.
SELECT
    (
        SELECT pg_catalog.max(1000 * EXTRACT(EPOCH FROM r.replay_lag))::bigint
        FROM pg_catalog.pg_stat_replication AS r
    ) AS lag_ms,
    (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication AS r WHERE r.state IS NULL) AS hidden,
    (
        SELECT pg_catalog.count(DISTINCT l.pid)
        FROM pg_catalog.pg_locks AS l
        INNER JOIN pg_catalog.pg_stat_activity AS a ON l.pid = a.pid
        WHERE NOT l.granted AND a.datname = pg_catalog.current_database()
    ) AS waiting
