-- Accounting says amount.

ALTER TABLE public.orders RENAME COLUMN total TO amount;
