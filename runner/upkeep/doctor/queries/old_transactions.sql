-- Transactions that are open for long: an ALTER waits for their locks, a CONCURRENTLY for their snapshots.
SELECT
    'pid ' || a.pid::text AS name,
    coalesce(a.usename::text, '?') AS role,
    coalesce(nullif(a.application_name, ''), 'unnamed') AS application,
    coalesce(a.state, 'hidden from this role') AS state,
    EXTRACT(EPOCH FROM pg_catalog.now() - a.xact_start)::float8 AS age_s
FROM pg_catalog.pg_stat_activity AS a
WHERE
    a.datname = pg_catalog.current_database()
    AND a.pid <> pg_catalog.pg_backend_pid()
    AND a.backend_type = 'client backend'
    AND a.xact_start < pg_catalog.now() - interval '1 minute'
UNION ALL
SELECT
    'prepared transaction ' || p.gid AS name,
    p.owner::text AS role,
    'none' AS application,
    'prepared' AS state,
    EXTRACT(EPOCH FROM pg_catalog.now() - p.prepared)::float8 AS age_s
FROM pg_catalog.pg_prepared_xacts AS p
WHERE p.database = pg_catalog.current_database()
ORDER BY age_s DESC
