-- An order may belong to nobody.

ALTER TABLE public.orders DROP CONSTRAINT orders_customer_id_fkey;
