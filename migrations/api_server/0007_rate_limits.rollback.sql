-- Remove the request counters: every limit starts anew.
-- Locks: ACCESS EXCLUSIVE on public.rate_limits.

DROP TABLE public.rate_limits;
