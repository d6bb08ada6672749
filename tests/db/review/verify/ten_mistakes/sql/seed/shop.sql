-- Some customers and orders.

INSERT INTO public.customers (name, email)
VALUES ('Ada', 'ada@example.org'), ('Grace', 'grace@example.org');

INSERT INTO public.orders (customer_id, status, total)
SELECT c.id, 'new', 10
FROM public.customers AS c
CROSS JOIN generate_series(1, 50) AS n;

UPDATE public.orders SET note = 'call first' WHERE id = 1;
