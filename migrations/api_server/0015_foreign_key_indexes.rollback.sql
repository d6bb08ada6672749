-- Drop the indexes on the foreign keys that the guide leaves without one.
-- Locks: ACCESS EXCLUSIVE for an instant on the three tables.

DROP INDEX public.idx_audit_logs_user_id;

DROP INDEX public.idx_email_verification_tokens_user_id;

DROP INDEX public.idx_password_reset_tokens_user_id;
