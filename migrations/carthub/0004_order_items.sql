-- Keep what was in each order, at the price that was paid; the rows never change, so there is no updated_at.
-- Carthub's documentation ends here: adopt a database that its script made at this file.
-- Locks: SHARE ROW EXCLUSIVE on public.orders for the foreign key; reads go on.

CREATE TABLE public.order_items (
    id serial PRIMARY KEY,
    order_id integer REFERENCES public.orders (id) ON DELETE CASCADE,
    product_id varchar(255) NOT NULL,
    product_name varchar(255) NOT NULL,
    price decimal(10, 2) NOT NULL,
    quantity integer NOT NULL,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_order_items_order_id ON public.order_items (order_id);
