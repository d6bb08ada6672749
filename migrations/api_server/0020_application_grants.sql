-- Let the services read and write their tables, those of today and those of later migrations.
-- Table by table and not ON ALL TABLES: the migration history lives in schema public too, and a service that could write
-- there could hide or forge a migration. The outcome is the same whether the history is there before this file or not.
-- The default privileges hold for what the role that runs this file creates later.
-- Locks: none on any table that blocks reads or writes.

GRANT SELECT, INSERT, UPDATE, DELETE ON
    public.users,
    public.user_sessions,
    public.password_reset_tokens,
    public.email_verification_tokens,
    public.audit_logs,
    public.rate_limits,
    public.user_preferences
TO api_server_user;

GRANT EXECUTE ON FUNCTION public.update_updated_at_column() TO api_server_user;

ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO api_server_user;

ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO api_server_user;
