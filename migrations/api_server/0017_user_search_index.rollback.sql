-- Leave the user search to idx_users_created_at and idx_users_status.
-- Locks: ACCESS EXCLUSIVE on public.users for an instant.

DROP INDEX public.idx_users_status_created_at;
