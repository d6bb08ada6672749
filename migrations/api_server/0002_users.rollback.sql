-- Remove the accounts, with every row in them.
-- Locks: ACCESS EXCLUSIVE on public.users.

DROP TABLE public.users;
