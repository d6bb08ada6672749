-- Wholesale: more pieces than an integer holds.

ALTER TABLE public.orders ALTER COLUMN pieces TYPE bigint;
