-- Who we are, what we may do, and the settings that matter to a migration.
SELECT
    CURRENT_USER::text AS role,
    r.rolsuper AS is_superuser,
    pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_stats', 'USAGE') AS sees_sessions,
    pg_catalog.current_setting('server_version') AS version,
    pg_catalog.current_setting('server_version_num')::integer AS version_num,
    pg_catalog.pg_is_in_recovery() AS in_recovery,
    pg_catalog.current_setting('transaction_read_only')::boolean AS read_only,
    pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding,
    pg_catalog.current_setting('lock_timeout') AS lock_timeout,
    pg_catalog.current_setting('standard_conforming_strings')::boolean AS conforming_strings,
    pg_catalog.current_setting('client_connection_check_interval', true) AS check_interval,
    pg_catalog.current_setting('max_connections')::integer AS max_connections,
    (
        SELECT pg_catalog.count(*)
        FROM pg_catalog.pg_stat_activity AS a
        WHERE coalesce(a.backend_type, 'client backend') = 'client backend'
    )::integer AS connections,
    r.rolconnlimit AS role_limit,
    (
        SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.usename = CURRENT_USER
    )::integer AS role_connections,
    EXISTS (
        SELECT FROM pg_catalog.pg_namespace AS n
        WHERE n.nspname = CURRENT_USER AND pg_catalog.current_setting('search_path') LIKE '%"$user"%'
    ) AS has_own_schema
FROM pg_catalog.pg_roles AS r
CROSS JOIN pg_catalog.pg_database AS d
WHERE r.rolname = CURRENT_USER AND d.datname = pg_catalog.current_database()
