-- One row for a key, so that one INSERT ... ON CONFLICT (key) DO UPDATE counts a request without a race.
-- Services that counted without this index have made twins: of each key the row with the latest window stays. What is
-- lost is part of a count that ends with its window anyway.
-- Locks: SHARE ROW EXCLUSIVE on public.rate_limits while the index is built; reads go on, writes wait.
-- lint: allow index-not-concurrent -- twins must not come back between the DELETE and the index; the rows are few and short-lived

LOCK TABLE public.rate_limits IN SHARE ROW EXCLUSIVE MODE;

DELETE FROM public.rate_limits AS older
USING public.rate_limits AS newer
WHERE
    newer.key = older.key
    AND (newer.reset_time, newer.id) > (older.reset_time, older.id);

CREATE UNIQUE INDEX idx_rate_limits_key ON public.rate_limits (key);
