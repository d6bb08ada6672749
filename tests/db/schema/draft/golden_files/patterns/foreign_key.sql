-- ==== 0002_change.rollback.sql
-- Undo 0002_change.
-- Gives up, and is retried, before the server would end a writer's transaction as a deadlock.
-- lock_timeout: 800ms

ALTER TABLE public.orders DROP CONSTRAINT orders_customer_id_fkey;

-- ==== 0002_change.sql
-- Change.
-- Locks: SHARE ROW EXCLUSIVE on public.customers and public.orders.
-- Gives up, and is retried, before the server would end a writer's transaction as a deadlock.
-- lock_timeout: 800ms

ALTER TABLE public.orders
    ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id) NOT VALID;

-- ==== 0003_change_validate.rollback.sql
-- Undo 0003_change_validate.

ALTER TABLE public.orders DROP CONSTRAINT orders_customer_id_fkey;

ALTER TABLE public.orders
    ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id) NOT VALID;

-- ==== 0003_change_validate.sql
-- Change validate.
-- Locks: SHARE UPDATE EXCLUSIVE on public.orders.

ALTER TABLE public.orders VALIDATE CONSTRAINT orders_customer_id_fkey;
