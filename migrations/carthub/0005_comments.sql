-- Keep the documentation's remarks where psql's \d+ and every schema browser show them.
-- Locks: SHARE UPDATE EXCLUSIVE on each table for an instant; reads and writes go on.

COMMENT ON TABLE public.carts IS 'Shopping carts, one a customer';

COMMENT ON INDEX public.idx_carts_customer_id IS 'Repeats carts_customer_id_key; documented, so kept';

COMMENT ON TABLE public.cart_items IS 'What is in the carts, a product once';

COMMENT ON TABLE public.orders IS 'Orders that customers have placed';

COMMENT ON TABLE public.order_items IS 'What was in the orders, at the price that was paid';
