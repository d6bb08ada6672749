-- Take the shop away.

DROP TABLE public.orders;
DROP TABLE public.customers;
