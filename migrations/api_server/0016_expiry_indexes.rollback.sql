-- Drop the indexes that the clean-up reads.
-- Locks: ACCESS EXCLUSIVE for an instant on the three tables.

DROP INDEX public.idx_audit_logs_created_at;

DROP INDEX public.idx_email_verification_tokens_expires_at;

DROP INDEX public.idx_password_reset_tokens_expires_at;
