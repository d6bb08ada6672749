-- Remove the clean-up in one transaction.
-- Locks: none on any table.

DROP FUNCTION public.cleanup_expired_tokens();
