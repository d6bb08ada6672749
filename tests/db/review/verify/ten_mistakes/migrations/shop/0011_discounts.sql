-- Discounts, and who granted them.

ALTER TABLE public.orders ADD COLUMN discount numeric(4, 2);

ALTER TABLE public.orders ADD COLUMN granted_by text;
