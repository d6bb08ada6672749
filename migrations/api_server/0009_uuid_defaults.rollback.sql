-- Put back uuid_generate_v4() where the extension uuid-ossp is installed: the guide's script made that database.
-- Changes nothing in a new database, which has no such extension.
-- Locks: ACCESS EXCLUSIVE for an instant on the seven tables, only where uuid-ossp is installed.

DO $$
DECLARE
    uuid_ossp_schema name;
    table_name text;
BEGIN
    SELECT n.nspname INTO uuid_ossp_schema
    FROM pg_catalog.pg_extension AS e
    INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
    WHERE e.extname = 'uuid-ossp';

    IF NOT FOUND THEN
        RETURN;
    END IF;

    FOREACH table_name IN ARRAY ARRAY[
        'users',
        'user_sessions',
        'password_reset_tokens',
        'email_verification_tokens',
        'audit_logs',
        'rate_limits',
        'user_preferences'
    ] LOOP
        EXECUTE format(
            'ALTER TABLE public.%I ALTER COLUMN id SET DEFAULT %I.uuid_generate_v4()', table_name, uuid_ossp_schema
        );
    END LOOP;
END
$$;
