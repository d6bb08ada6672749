-- Transactions that are open for longer than a minute, prepared ones too; the oldest first.
-- worry: no dead row that such a transaction might still see can be removed, in any table; its locks stay; and CREATE
--   INDEX CONCURRENTLY waits for it.
-- do: let it commit, or end it with SELECT pg_terminate_backend(pid). A prepared one has no session: COMMIT PREPARED
--   or ROLLBACK PREPARED 'name'. Set idle_in_transaction_session_timeout and, from PostgreSQL 17, transaction_timeout.
-- sees: sessions
-- warn: age_s > 15min
-- problem: age_s > 4h
SELECT
    a.pid,
    a.usename::text AS role,
    a.datname::text AS database,
    a.state,
    pg_catalog.round(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::numeric, 1) AS age_s,
    pg_catalog.age(a.backend_xmin) AS holds_back_transactions,
    a.application_name AS application,
    a.query
FROM pg_catalog.pg_stat_activity AS a
WHERE
    a.xact_start < pg_catalog.clock_timestamp() - interval '1 minute'
    AND a.backend_type IN ('client backend', 'parallel worker')
    AND a.pid <> pg_catalog.pg_backend_pid()
UNION ALL
SELECT
    NULL AS pid,
    p.owner::text AS role,
    p.database::text AS database,
    'prepared' AS state,
    pg_catalog.round(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - p.prepared)::numeric, 1) AS age_s,
    pg_catalog.age(p.transaction) AS holds_back_transactions,
    NULL AS application,
    p.gid AS query
FROM pg_catalog.pg_prepared_xacts AS p
ORDER BY age_s DESC
LIMIT 50;
