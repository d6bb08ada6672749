-- As before.

ALTER TABLE public.orders ALTER COLUMN pieces TYPE integer;
