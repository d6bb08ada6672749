-- Every customer has an address by now.

ALTER TABLE public.customers ALTER COLUMN email SET NOT NULL;
