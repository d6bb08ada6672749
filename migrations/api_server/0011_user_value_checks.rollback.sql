-- Accept any role and status again.
-- Locks: ACCESS EXCLUSIVE on public.users for an instant.

ALTER TABLE public.users
    DROP CONSTRAINT users_status_check,
    DROP CONSTRAINT users_role_check;
