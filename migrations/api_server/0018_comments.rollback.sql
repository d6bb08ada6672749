-- Take the remarks on tables and columns away again.
-- Locks: SHARE UPDATE EXCLUSIVE on each table for an instant; reads and writes go on.

COMMENT ON TABLE public.user_preferences IS NULL;

COMMENT ON COLUMN public.rate_limits.reset_time IS NULL;

COMMENT ON COLUMN public.rate_limits.count IS NULL;

COMMENT ON COLUMN public.rate_limits.key IS NULL;

COMMENT ON TABLE public.rate_limits IS NULL;

COMMENT ON COLUMN public.audit_logs.new_values IS NULL;

COMMENT ON COLUMN public.audit_logs.old_values IS NULL;

COMMENT ON COLUMN public.audit_logs.resource IS NULL;

COMMENT ON COLUMN public.audit_logs.action IS NULL;

COMMENT ON TABLE public.audit_logs IS NULL;

COMMENT ON COLUMN public.email_verification_tokens.used IS NULL;

COMMENT ON COLUMN public.email_verification_tokens.token IS NULL;

COMMENT ON TABLE public.email_verification_tokens IS NULL;

COMMENT ON COLUMN public.password_reset_tokens.used IS NULL;

COMMENT ON COLUMN public.password_reset_tokens.token IS NULL;

COMMENT ON TABLE public.password_reset_tokens IS NULL;

COMMENT ON COLUMN public.user_sessions.ip_address IS NULL;

COMMENT ON COLUMN public.user_sessions.token_hash IS NULL;

COMMENT ON TABLE public.user_sessions IS NULL;

COMMENT ON COLUMN public.users.password IS NULL;

COMMENT ON TABLE public.users IS NULL;
