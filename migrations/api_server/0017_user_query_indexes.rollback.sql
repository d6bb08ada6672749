-- Leave the user search and the counts to the guide's own indexes.
-- Locks: ACCESS EXCLUSIVE on public.users for an instant.

DROP INDEX public.idx_users_status_role;

DROP INDEX public.idx_users_status_created_at;
