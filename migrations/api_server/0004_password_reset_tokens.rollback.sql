-- Remove the password reset tokens: links that were sent stop working.
-- Locks: ACCESS EXCLUSIVE on public.password_reset_tokens and, for the foreign key, on public.users.

DROP TABLE public.password_reset_tokens;
