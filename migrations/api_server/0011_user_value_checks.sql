-- Refuse roles and statuses that no service knows; the guide lists the values only in comments.
-- NOT VALID: new rows are held to it at once, the rows that are there are read in the next file under a weaker lock.
-- Locks: ACCESS EXCLUSIVE on public.users for an instant.

ALTER TABLE public.users
    ADD CONSTRAINT users_role_check CHECK (role IN ('user', 'admin')) NOT VALID,
    ADD CONSTRAINT users_status_check CHECK (status IN ('active', 'inactive', 'suspended')) NOT VALID;
