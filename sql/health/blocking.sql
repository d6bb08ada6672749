-- Sessions that wait for a lock, each below the one it waits for. Depth 0 blocks others and waits for nobody.
-- worry: when a wait lasts: everything that comes later for the same table waits behind it, and the application
--   stands.
-- do: look at depth 0. If it is idle in transaction, end it: SELECT pg_terminate_backend(pid). If it works, wait, or
--   cancel it with SELECT pg_cancel_backend(pid). A prepared transaction (pid 0): COMMIT PREPARED or ROLLBACK PREPARED.
-- sees: sessions
-- warn: waits_s > 10
-- problem: waits_s > 60
WITH RECURSIVE waits AS (
    SELECT
        a.pid,
        blocker.pid AS blocked_by
    FROM pg_catalog.pg_stat_activity AS a
    CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) AS blocker (pid)
    WHERE a.pid IN (
        SELECT l.pid
        FROM pg_catalog.pg_locks AS l
        WHERE NOT l.granted
    )
),

tree AS (
    SELECT DISTINCT
        w.blocked_by AS pid,
        0 AS depth,
        ARRAY[w.blocked_by] AS path
    FROM waits AS w
    WHERE w.blocked_by NOT IN (SELECT v.pid FROM waits AS v)
    UNION ALL
    SELECT
        w.pid,
        t.depth + 1 AS depth,
        t.path || w.pid AS path
    FROM tree AS t
    INNER JOIN waits AS w ON t.pid = w.blocked_by
    WHERE w.pid <> ALL(t.path) AND t.depth < 10
)

SELECT
    t.pid,
    t.depth,
    t.path[t.depth] AS behind_pid,
    a.usename::text AS role,
    a.datname::text AS database,
    a.state,
    CASE WHEN t.depth > 0 THEN pg_catalog.round(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - (
        SELECT pg_catalog.min(coalesce(l.waitstart, a.query_start))
        FROM pg_catalog.pg_locks AS l
        WHERE l.pid = t.pid AND NOT l.granted
    ))::numeric, 1) END AS waits_s,
    pg_catalog.round(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::numeric, 1) AS transaction_s,
    a.application_name AS application,
    a.query
FROM tree AS t
LEFT JOIN pg_catalog.pg_stat_activity AS a ON t.pid = a.pid
ORDER BY t.path
LIMIT 100;
