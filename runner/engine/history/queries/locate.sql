-- Where yoyo's and our tables are, what we may do with them, and what server this is.
SELECT
    pg_catalog.current_setting('server_version_num')::integer AS version_num,
    pg_catalog.pg_is_in_recovery() AS in_recovery,
    pg_catalog.current_setting('default_transaction_read_only')::boolean AS read_only,
    pg_catalog.current_database()::text AS database,
    CURRENT_USER::text AS role,
    coalesce((SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = CURRENT_USER), false) AS is_superuser,
    pg_catalog.current_schema()::text AS schema,
    pg_catalog.pg_backend_pid() AS backend_pid,
    coalesce(pg_catalog.current_setting('transaction_timeout', true), '0') <> '0' AS ends_transactions,
    coalesce(
        pg_catalog.has_schema_privilege(pg_catalog.current_schema(), 'CREATE'), false
    ) AS can_create,
    EXISTS (
        SELECT FROM pg_catalog.pg_namespace AS w WHERE w.nspname = %(wanted)s
    ) AS wanted_exists,
    coalesce((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
            n.nspname,
            c.relname,
            pg_catalog.pg_table_is_visible(c.oid),
            pg_catalog.has_table_privilege(c.oid, 'SELECT'),
            pg_catalog.has_table_privilege(c.oid, 'INSERT')
            AND pg_catalog.has_table_privilege(c.oid, 'UPDATE')
            AND pg_catalog.has_table_privilege(c.oid, 'DELETE'),
            pg_catalog.pg_get_userbyid(c.relowner),
            pg_catalog.row_security_active(c.oid)
        ))
        FROM pg_catalog.pg_class AS c
        INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
        WHERE c.relkind = 'r' AND c.relname = ANY(%(tables)s)
    ), '[]') AS tables
