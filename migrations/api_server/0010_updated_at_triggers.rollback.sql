-- Leave updated_at to the services again.
-- Locks: ACCESS EXCLUSIVE for an instant on the four tables.

DROP TRIGGER update_user_preferences_updated_at ON public.user_preferences;

DROP TRIGGER update_rate_limits_updated_at ON public.rate_limits;

DROP TRIGGER update_user_sessions_updated_at ON public.user_sessions;

DROP TRIGGER update_users_updated_at ON public.users;
