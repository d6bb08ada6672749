-- ==== 0002_change_drop.rollback.sql
-- Undo 0002_change_drop.
-- Does not bring back what the migration lost.

ALTER TABLE public.orders ADD COLUMN feels public.mood;

-- ==== 0002_change_drop.sql
-- Change drop.
-- Locks: ACCESS EXCLUSIVE on public.orders.
-- Loses column public.orders.feels, with its values.

ALTER TABLE public.orders DROP COLUMN feels;
