-- Keep one shopping cart for each customer.
-- serial and timestamp without time zone as documented: services depend on them.
-- Locks: none on existing tables.

CREATE TABLE public.carts (
    id serial PRIMARY KEY,
    customer_id varchar(255) NOT NULL UNIQUE,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP
);

-- Repeats the index behind the UNIQUE constraint; kept because the documentation names it.
CREATE INDEX idx_carts_customer_id ON public.carts (customer_id);

CREATE TRIGGER update_carts_updated_at
    BEFORE UPDATE ON public.carts
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();
