-- Take the remarks away again.
-- Locks: SHARE UPDATE EXCLUSIVE on each table for an instant; reads and writes go on.

COMMENT ON TABLE public.order_items IS NULL;

COMMENT ON TABLE public.orders IS NULL;

COMMENT ON TABLE public.cart_items IS NULL;

COMMENT ON INDEX public.idx_carts_customer_id IS NULL;

COMMENT ON TABLE public.carts IS NULL;
