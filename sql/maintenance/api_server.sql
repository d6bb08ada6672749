-- Delete what has expired, in batches with a commit after each; `runner maintenance` runs it first.
CALL public.cleanup_expired_tokens_in_batches();
