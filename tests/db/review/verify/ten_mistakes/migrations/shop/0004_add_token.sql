-- Give each order a token that can be told to others.

ALTER TABLE public.orders ADD COLUMN token uuid DEFAULT gen_random_uuid();
