-- Remove the preferences: every user is back to the defaults.
-- Locks: ACCESS EXCLUSIVE on public.user_preferences and, for the foreign key, on public.users.

DROP INDEX public.idx_user_preferences_user_id;

DROP TABLE public.user_preferences;
