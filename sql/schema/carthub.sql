-- The schema that the migrations add up to. Written by `runner snapshot`: change the migrations, not this file.

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET search_path = public;

CREATE OR REPLACE FUNCTION public.update_updated_at_column()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.updated_at = CURRENT_TIMESTAMP;
    RETURN NEW;
END;
$function$;

CREATE TABLE public.cart_items (
    id serial NOT NULL,
    cart_id integer,
    product_id character varying(255) NOT NULL,
    product_name character varying(255) NOT NULL,
    price numeric(10,2) NOT NULL,
    quantity integer NOT NULL DEFAULT 1,
    created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE public.cart_items
    ADD CONSTRAINT cart_items_cart_id_product_id_key UNIQUE (cart_id, product_id);

ALTER TABLE public.cart_items
    ADD CONSTRAINT cart_items_pkey PRIMARY KEY (id);

ALTER TABLE public.cart_items
    ADD CONSTRAINT check_positive_price CHECK ((price > (0)::numeric));

ALTER TABLE public.cart_items
    ADD CONSTRAINT check_positive_quantity CHECK ((quantity > 0));

CREATE INDEX idx_cart_items_cart_id ON public.cart_items USING btree (cart_id);

CREATE INDEX idx_cart_items_product_id ON public.cart_items USING btree (product_id);

CREATE TRIGGER update_cart_items_updated_at BEFORE UPDATE ON public.cart_items FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

COMMENT ON TABLE public.cart_items IS 'What is in the carts, a product once';

CREATE TABLE public.carts (
    id serial NOT NULL,
    customer_id character varying(255) NOT NULL,
    created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE public.carts
    ADD CONSTRAINT carts_customer_id_key UNIQUE (customer_id);

ALTER TABLE public.carts
    ADD CONSTRAINT carts_pkey PRIMARY KEY (id);

CREATE INDEX idx_carts_customer_id ON public.carts USING btree (customer_id);

CREATE TRIGGER update_carts_updated_at BEFORE UPDATE ON public.carts FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

COMMENT ON INDEX public.idx_carts_customer_id IS 'Repeats carts_customer_id_key; documented, so kept';

COMMENT ON TABLE public.carts IS 'Shopping carts, one a customer';

CREATE TABLE public.order_items (
    id serial NOT NULL,
    order_id integer,
    product_id character varying(255) NOT NULL,
    product_name character varying(255) NOT NULL,
    price numeric(10,2) NOT NULL,
    quantity integer NOT NULL,
    created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE public.order_items
    ADD CONSTRAINT order_items_pkey PRIMARY KEY (id);

CREATE INDEX idx_order_items_order_id ON public.order_items USING btree (order_id);

COMMENT ON TABLE public.order_items IS 'What was in the orders, at the price that was paid';

CREATE TABLE public.orders (
    id serial NOT NULL,
    customer_id character varying(255) NOT NULL,
    total_amount numeric(10,2) NOT NULL,
    status character varying(50) DEFAULT 'pending'::character varying,
    shipping_address jsonb,
    payment_method character varying(100),
    created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE public.orders
    ADD CONSTRAINT check_positive_total CHECK ((total_amount > (0)::numeric));

ALTER TABLE public.orders
    ADD CONSTRAINT check_valid_status CHECK (((status)::text = ANY (ARRAY[('pending'::character varying)::text, ('processing'::character varying)::text, ('shipped'::character varying)::text, ('delivered'::character varying)::text, ('cancelled'::character varying)::text])));

ALTER TABLE public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

CREATE INDEX idx_orders_created_at ON public.orders USING btree (created_at);

CREATE INDEX idx_orders_customer_id ON public.orders USING btree (customer_id);

CREATE INDEX idx_orders_status ON public.orders USING btree (status);

CREATE TRIGGER update_orders_updated_at BEFORE UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

COMMENT ON TABLE public.orders IS 'Orders that customers have placed';

ALTER TABLE public.cart_items
    ADD CONSTRAINT cart_items_cart_id_fkey FOREIGN KEY (cart_id) REFERENCES public.carts(id) ON DELETE CASCADE;

ALTER TABLE public.order_items
    ADD CONSTRAINT order_items_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id) ON DELETE CASCADE;
