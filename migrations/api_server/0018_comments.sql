-- Keep the guide's remarks on tables and columns where psql's \d+ and every schema browser show them.
-- Locks: SHARE UPDATE EXCLUSIVE on each table for an instant; reads and writes go on.

COMMENT ON TABLE public.users IS 'Accounts of every service; owned by the user service';

COMMENT ON COLUMN public.users.password IS 'bcrypt hash, never the password itself';

COMMENT ON TABLE public.user_sessions IS 'Sessions behind the JWT tokens; owned by the auth service';

COMMENT ON COLUMN public.user_sessions.token_hash IS 'Hash of the JWT token';

COMMENT ON COLUMN public.user_sessions.ip_address IS 'Address of the client';

COMMENT ON TABLE public.password_reset_tokens IS 'Proof for a user who forgot the password';

COMMENT ON COLUMN public.password_reset_tokens.token IS 'Secure random token';

COMMENT ON COLUMN public.password_reset_tokens.used IS 'A token is good for one use';

COMMENT ON TABLE public.email_verification_tokens IS 'Proof that an e-mail address is its user''s';

COMMENT ON COLUMN public.email_verification_tokens.token IS 'Secure random token';

COMMENT ON COLUMN public.email_verification_tokens.used IS 'A token is good for one use';

COMMENT ON TABLE public.audit_logs IS 'Who changed what; rows older than 90 days are cleaned up';

COMMENT ON COLUMN public.audit_logs.action IS 'create, update, delete, login, ...';

COMMENT ON COLUMN public.audit_logs.resource IS 'Kind of thing that was changed: user, session, ...';

COMMENT ON COLUMN public.audit_logs.old_values IS 'State before an update';

COMMENT ON COLUMN public.audit_logs.new_values IS 'State after';

COMMENT ON TABLE public.rate_limits IS 'Request counters, one row a key';

COMMENT ON COLUMN public.rate_limits.key IS 'What is limited: an address, a user id, ...';

COMMENT ON COLUMN public.rate_limits.count IS 'Requests in the present window';

COMMENT ON COLUMN public.rate_limits.reset_time IS 'End of the present window';

COMMENT ON TABLE public.user_preferences IS 'How each user wants the interface';
