-- Accept a token twice again.
-- Locks: ACCESS EXCLUSIVE for an instant on the two tables.

DROP INDEX public.idx_email_verification_tokens_token;

DROP INDEX public.idx_password_reset_tokens_token;
