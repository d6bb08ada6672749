-- ==== 0002_change.rollback.sql
-- Undo 0002_change.

ALTER TABLE public.orders ALTER COLUMN note DROP DEFAULT;

-- ==== 0002_change.sql
-- Change.
-- Locks: ACCESS EXCLUSIVE on public.orders.

ALTER TABLE public.orders ALTER COLUMN note SET DEFAULT 'm'::text;
