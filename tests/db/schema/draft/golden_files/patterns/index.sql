-- ==== 0002_change_indexes.rollback.sql
-- Undo 0002_change_indexes.
-- transactional: false

DROP INDEX CONCURRENTLY public.orders_note_idx;

-- ==== 0002_change_indexes.sql
-- Change indexes.
-- Locks: SHARE UPDATE EXCLUSIVE on public.orders.
-- transactional: false

CREATE INDEX CONCURRENTLY orders_note_idx ON public.orders USING btree (note);
