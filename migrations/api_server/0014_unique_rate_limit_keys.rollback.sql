-- Accept several rows for a key again.
-- Locks: ACCESS EXCLUSIVE for an instant on public.rate_limits.

DROP INDEX public.idx_rate_limits_key;
