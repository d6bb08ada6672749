-- No discounts.

ALTER TABLE public.orders DROP COLUMN discount;
