-- Remove what was in the orders.
-- Locks: ACCESS EXCLUSIVE on public.order_items and, for the foreign key, on public.orders.

DROP TABLE public.order_items;
