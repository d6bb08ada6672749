-- The column comes back.

ALTER TABLE public.orders ADD COLUMN note text;
