-- ==== 0002_change_enum_values.sql
-- Change enum values.
-- Locks: none that stops a read or a write.
-- irreversible: PostgreSQL cannot remove a value from an enum

ALTER TYPE public.mood ADD VALUE 'glad';

-- ==== 0003_change.rollback.sql
-- Undo 0003_change.

DROP FUNCTION public.f();

-- ==== 0003_change.sql
-- Change.
-- Locks: none that stops a read or a write.

CREATE OR REPLACE FUNCTION public.f()
 RETURNS public.mood
 LANGUAGE sql
RETURN 'ok'::public.mood;
