-- Keep what is in each cart: a product once, with its price at the time.
-- Locks: SHARE ROW EXCLUSIVE on public.carts for the foreign key; reads go on.

CREATE TABLE public.cart_items (
    id serial PRIMARY KEY,
    cart_id integer REFERENCES public.carts (id) ON DELETE CASCADE,
    product_id varchar(255) NOT NULL,
    product_name varchar(255) NOT NULL,
    price decimal(10, 2) NOT NULL,
    quantity integer NOT NULL DEFAULT 1,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (cart_id, product_id),
    CONSTRAINT check_positive_price CHECK (price > 0),
    CONSTRAINT check_positive_quantity CHECK (quantity > 0)
);

CREATE INDEX idx_cart_items_cart_id ON public.cart_items (cart_id);

CREATE INDEX idx_cart_items_product_id ON public.cart_items (product_id);

CREATE TRIGGER update_cart_items_updated_at
    BEFORE UPDATE ON public.cart_items
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();
