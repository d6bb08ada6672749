-- Find the orders of a status quickly.

CREATE INDEX orders_status_idx ON public.orders (status);
