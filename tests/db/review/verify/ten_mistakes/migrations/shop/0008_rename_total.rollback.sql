-- Accounting said total.

ALTER TABLE public.orders RENAME COLUMN amount TO total;
