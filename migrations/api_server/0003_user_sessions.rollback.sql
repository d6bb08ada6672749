-- Remove the sessions: every user is logged out.
-- Locks: ACCESS EXCLUSIVE on public.user_sessions and, for the foreign key, on public.users.

DROP TABLE public.user_sessions;
