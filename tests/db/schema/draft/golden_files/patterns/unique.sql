-- ==== 0002_change_indexes.rollback.sql
-- Undo 0002_change_indexes.
-- transactional: false

DROP INDEX CONCURRENTLY public.customers_email_key;

-- ==== 0002_change_indexes.sql
-- Change indexes.
-- Locks: SHARE UPDATE EXCLUSIVE on public.customers.
-- transactional: false

CREATE UNIQUE INDEX CONCURRENTLY customers_email_key ON public.customers USING btree (email);

-- ==== 0003_change.rollback.sql
-- Undo 0003_change.

ALTER TABLE public.customers DROP CONSTRAINT customers_email_key;

CREATE UNIQUE INDEX customers_email_key ON public.customers USING btree (email);

-- ==== 0003_change.sql
-- Change.
-- Locks: ACCESS EXCLUSIVE on public.customers.

ALTER TABLE public.customers
    ADD CONSTRAINT customers_email_key UNIQUE USING INDEX customers_email_key;
