-- Remove the e-mail verification tokens: links that were sent stop working.
-- Locks: ACCESS EXCLUSIVE on public.email_verification_tokens and, for the foreign key, on public.users.

DROP TABLE public.email_verification_tokens;
