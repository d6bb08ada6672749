-- Remove the clean-up in batches.
-- Locks: none on any table.

DROP PROCEDURE public.cleanup_expired_tokens_in_batches;
