-- Refuse roles and statuses that no service knows; the guide lists the values only in comments.
-- They are NOT VALID at first: new rows are held to them at once, and the next file reads the rows that are there under a
-- weaker lock.
-- Locks: ACCESS EXCLUSIVE on public.users for an instant.

ALTER TABLE public.users
    ADD CONSTRAINT users_role_check CHECK (role IN ('user', 'admin')) NOT VALID,
    ADD CONSTRAINT users_status_check CHECK (status IN ('active', 'inactive', 'suspended')) NOT VALID;
