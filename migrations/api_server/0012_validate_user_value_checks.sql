-- Prove that the rows from before the checks on role and status keep them too.
-- Locks: SHARE UPDATE EXCLUSIVE on public.users while it is read once; reads and writes go on.

ALTER TABLE public.users VALIDATE CONSTRAINT users_role_check;

ALTER TABLE public.users VALIDATE CONSTRAINT users_status_check;
