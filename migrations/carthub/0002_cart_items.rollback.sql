-- Remove what is in the carts.
-- Locks: ACCESS EXCLUSIVE on public.cart_items and, for the foreign key, on public.carts.

DROP TABLE public.cart_items;
