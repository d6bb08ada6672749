-- Remove the trigger function; refused while a trigger calls it.
-- Locks: none on any table.

DROP FUNCTION public.update_updated_at_column();
