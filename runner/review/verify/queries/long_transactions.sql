-- Transactions of this database that have been open for long: a lock of ours may wait for each of them.
SELECT
    a.pid,
    a.usename::text AS user,
    nullif(a.application_name, '') AS application,
    extract(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8 AS age_s,
    a.state
FROM pg_catalog.pg_stat_activity AS a
WHERE
    a.datname = pg_catalog.current_database()
    AND a.pid <> pg_catalog.pg_backend_pid()
    AND a.xact_start < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(longer_than_s)s)
ORDER BY a.xact_start;
