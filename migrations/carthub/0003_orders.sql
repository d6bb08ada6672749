-- Keep the orders that customers have placed, and how far each has come.
-- Locks: none on existing tables.

CREATE TABLE public.orders (
    id serial PRIMARY KEY,
    customer_id varchar(255) NOT NULL,
    total_amount decimal(10, 2) NOT NULL,
    status varchar(50) DEFAULT 'pending',
    shipping_address jsonb,
    payment_method varchar(100),
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT check_positive_total CHECK (total_amount > 0),
    CONSTRAINT check_valid_status CHECK (status IN ('pending', 'processing', 'shipped', 'delivered', 'cancelled'))
);

CREATE INDEX idx_orders_customer_id ON public.orders (customer_id);

CREATE INDEX idx_orders_status ON public.orders (status);

CREATE INDEX idx_orders_created_at ON public.orders (created_at);

CREATE TRIGGER update_orders_updated_at
    BEFORE UPDATE ON public.orders
    FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();
