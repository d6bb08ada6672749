-- Let a customer be without an address.

ALTER TABLE public.customers ALTER COLUMN email DROP NOT NULL;
