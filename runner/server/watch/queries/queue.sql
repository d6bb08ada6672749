-- How many sessions wait for one that waits itself, directly or one behind another.
-- Nothing is counted when it does not wait: pg_blocking_pids() stops the lock manager for a moment.
WITH RECURSIVE waiters AS MATERIALIZED (
    SELECT
        w.pid,
        pg_catalog.pg_blocking_pids(w.pid) AS blockers
    FROM (SELECT DISTINCT l.pid FROM pg_catalog.pg_locks AS l WHERE NOT l.granted) AS w
    WHERE
        w.pid <> %(pid)s
        AND EXISTS (
            SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = %(pid)s AND a.wait_event_type = 'Lock'
        )
),

behind AS (
    SELECT w.pid
    FROM waiters AS w
    WHERE %(pid)s = ANY (w.blockers)
    UNION
    SELECT w.pid
    FROM waiters AS w
    INNER JOIN behind ON behind.pid = ANY (w.blockers)
)

SELECT pg_catalog.count(*) FROM behind
