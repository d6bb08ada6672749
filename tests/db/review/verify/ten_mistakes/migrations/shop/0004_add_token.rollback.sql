-- The token goes.

ALTER TABLE public.orders DROP COLUMN token;
