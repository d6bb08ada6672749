-- Give databases that were made with uuid_generate_v4() the same default as new ones: both make a random version 4 UUID,
-- but only gen_random_uuid() needs no extension. Changes nothing in a new database.
-- The extension uuid-ossp stays: something else may call it, and dropping it is its owner's choice.
-- Locks: ACCESS EXCLUSIVE for an instant, only on the tables whose default changes.

DO $$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT
            d.adrelid::regclass AS table_name,
            a.attname AS column_name
        FROM pg_catalog.pg_attrdef AS d
        INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        WHERE
            d.adrelid IN (
                'public.users'::regclass,
                'public.user_sessions'::regclass,
                'public.password_reset_tokens'::regclass,
                'public.email_verification_tokens'::regclass,
                'public.audit_logs'::regclass,
                'public.rate_limits'::regclass,
                'public.user_preferences'::regclass
            )
            -- Preceded by a schema's name where the extension is not on the search path.
            AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ '(^|\.)uuid_generate_v4\(\)$'
        ORDER BY d.adrelid
    LOOP
        EXECUTE format(
            'ALTER TABLE %s ALTER COLUMN %I SET DEFAULT gen_random_uuid()', target.table_name, target.column_name
        );
    END LOOP;
END
$$;
