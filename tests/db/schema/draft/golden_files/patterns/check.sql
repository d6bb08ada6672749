-- ==== 0002_change.rollback.sql
-- Undo 0002_change.

ALTER TABLE public.orders DROP CONSTRAINT orders_note_check;

-- ==== 0002_change.sql
-- Change.
-- Locks: ACCESS EXCLUSIVE on public.orders.

ALTER TABLE public.orders
    ADD CONSTRAINT orders_note_check CHECK ((length(note) < 9)) NOT VALID;

-- ==== 0003_change_validate.rollback.sql
-- Undo 0003_change_validate.

ALTER TABLE public.orders DROP CONSTRAINT orders_note_check;

ALTER TABLE public.orders
    ADD CONSTRAINT orders_note_check CHECK ((length(note) < 9)) NOT VALID;

-- ==== 0003_change_validate.sql
-- Change validate.
-- Locks: SHARE UPDATE EXCLUSIVE on public.orders.

ALTER TABLE public.orders VALIDATE CONSTRAINT orders_note_check;
