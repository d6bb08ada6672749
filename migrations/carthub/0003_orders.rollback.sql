-- Remove the orders, with every row in them.
-- Locks: ACCESS EXCLUSIVE on public.orders.

DROP TABLE public.orders;
