-- The sessions that keep one waiting, those that keep these waiting, and so on; 0 is a prepared transaction.
WITH RECURSIVE chain AS (
    SELECT b.pid
    FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(%(pid)s)) AS b (pid)
    UNION
    SELECT b.pid
    FROM chain
    CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(chain.pid)) AS b (pid)
)

SELECT
    chain.pid,
    a.usename AS user,
    nullif(a.application_name, '') AS application,
    nullif(a.backend_type, 'client backend') AS background,
    a.state,
    EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::double precision AS transaction_age_s,
    nullif(a.query, '<insufficient privilege>') AS statement,
    chain.pid = ANY (pg_catalog.pg_blocking_pids(%(pid)s)) AS direct,
    pg_catalog.pg_blocking_pids(chain.pid) AS waits_for
FROM chain
LEFT JOIN pg_catalog.pg_stat_activity AS a ON chain.pid = a.pid
WHERE chain.pid <> %(pid)s
ORDER BY pg_catalog.cardinality(pg_catalog.pg_blocking_pids(chain.pid)) > 0, a.xact_start, chain.pid
