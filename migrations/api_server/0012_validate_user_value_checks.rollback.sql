-- Put the checks back as not valid, the state before; there is no ALTER that takes a validation back.
-- Locks: ACCESS EXCLUSIVE on public.users for an instant.

ALTER TABLE public.users
    DROP CONSTRAINT users_role_check,
    DROP CONSTRAINT users_status_check,
    ADD CONSTRAINT users_role_check CHECK (role IN ('user', 'admin')) NOT VALID,
    ADD CONSTRAINT users_status_check CHECK (status IN ('active', 'inactive', 'suspended')) NOT VALID;
