-- Customers and what they order.

CREATE TABLE public.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email text
);

CREATE TABLE public.orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint,
    status text NOT NULL DEFAULT 'new',
    total numeric(10, 2) NOT NULL,
    pieces integer NOT NULL DEFAULT 1,
    note text
);
