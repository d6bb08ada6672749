-- Take the services' rights on tables and on later objects back.
-- Locks: none on any table that blocks reads or writes.

ALTER DEFAULT PRIVILEGES IN SCHEMA public
    REVOKE USAGE, SELECT ON SEQUENCES FROM api_server_user;

ALTER DEFAULT PRIVILEGES IN SCHEMA public
    REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLES FROM api_server_user;

REVOKE EXECUTE ON FUNCTION public.update_updated_at_column() FROM api_server_user;

REVOKE SELECT, INSERT, UPDATE, DELETE ON
    public.users,
    public.user_sessions,
    public.password_reset_tokens,
    public.email_verification_tokens,
    public.audit_logs,
    public.rate_limits,
    public.user_preferences
FROM api_server_user;
