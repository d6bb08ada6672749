-- Delete what has expired: tokens and sessions past expires_at, audit rows older than 90 days; a row a table says how many.
-- It is one transaction; where tables are large, cleanup_expired_tokens_in_batches() does the same and holds no row long.
-- Locks: none on any table when it is made.
-- depends: 0006_audit_logs 0019_application_role

-- A database made by hand may have it with another result, which CREATE OR REPLACE refuses to change.
DO $$
BEGIN
    IF EXISTS (
        SELECT
        FROM pg_catalog.pg_proc AS p
        WHERE
            p.oid = to_regprocedure('public.cleanup_expired_tokens()')
            AND pg_catalog.pg_get_function_result(p.oid) <> 'TABLE(table_name text, deleted bigint)'
    ) THEN
        DROP FUNCTION public.cleanup_expired_tokens();
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION public.cleanup_expired_tokens()
RETURNS TABLE (table_name text, deleted bigint)
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM public.password_reset_tokens WHERE expires_at < CURRENT_TIMESTAMP;
    table_name := 'password_reset_tokens';
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN NEXT;

    DELETE FROM public.email_verification_tokens WHERE expires_at < CURRENT_TIMESTAMP;
    table_name := 'email_verification_tokens';
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN NEXT;

    DELETE FROM public.user_sessions WHERE expires_at < CURRENT_TIMESTAMP;
    table_name := 'user_sessions';
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN NEXT;

    DELETE FROM public.audit_logs WHERE created_at < CURRENT_TIMESTAMP - interval '90 days';
    table_name := 'audit_logs';
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION public.cleanup_expired_tokens() IS
    'Deletes expired tokens and sessions and audit rows older than 90 days; returns the count for each table';

REVOKE EXECUTE ON FUNCTION public.cleanup_expired_tokens() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION public.cleanup_expired_tokens() TO api_server_user;
