-- Remove the carts, with every row in them.
-- Locks: ACCESS EXCLUSIVE on public.carts.

DROP TABLE public.carts;
