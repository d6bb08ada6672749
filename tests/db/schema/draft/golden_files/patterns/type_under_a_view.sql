-- ==== 0002_change.rollback.sql
-- Undo 0002_change.
-- Loses of column public.orders.customer_id, what integer cannot hold of bigint.
-- Gives up, and is retried, before the server would end a writer's transaction as a deadlock.
-- lock_timeout: 800ms

DROP VIEW public.noted;

ALTER TABLE public.orders ALTER COLUMN customer_id TYPE integer;

CREATE VIEW public.noted AS
 SELECT id,
    customer_id,
    note
   FROM public.orders
  WHERE (note IS NOT NULL);

GRANT SELECT ON TABLE public.noted TO PUBLIC;

-- ==== 0002_change.sql
-- Change.
-- Locks: ACCESS EXCLUSIVE on public.noted and public.orders.
-- Gives up, and is retried, before the server would end a writer's transaction as a deadlock.
-- lock_timeout: 800ms

DROP VIEW public.noted;

ALTER TABLE public.orders ALTER COLUMN customer_id TYPE bigint;

CREATE VIEW public.noted AS
 SELECT id,
    customer_id,
    note
   FROM public.orders
  WHERE (note IS NOT NULL);

GRANT SELECT ON TABLE public.noted TO PUBLIC;
