-- Development data for carthub; `make seed` loads it, again as often as you like. Never for production.
-- Locks: ROW EXCLUSIVE on the tables.

INSERT INTO public.carts (customer_id)
VALUES
('customer-ada'),
('customer-grace'),
('customer-empty')
ON CONFLICT (customer_id) DO NOTHING;

INSERT INTO public.cart_items (cart_id, product_id, product_name, price, quantity)
SELECT
    c.id,
    item.product_id,
    item.product_name,
    item.price,
    item.quantity
FROM (
    VALUES
    ('customer-ada', 'book-0001', 'Notes on the Analytical Engine', 24.90, 1),
    ('customer-ada', 'mug-0007', 'Mug, 300 ml', 9.50, 4),
    ('customer-grace', 'wire-0030', 'Wire, 30 cm', 0.10, 100)
) AS item (customer_id, product_id, product_name, price, quantity)
INNER JOIN public.carts AS c ON c.customer_id = item.customer_id
ON CONFLICT (cart_id, product_id) DO NOTHING;

-- orders has no key but its serial number, and a number chosen here would collide with the sequence's: the customer and the
-- moment tell whether an order is there already.
INSERT INTO public.orders (customer_id, total_amount, status, shipping_address, payment_method, created_at)
SELECT
    placed.customer_id,
    placed.total_amount,
    placed.status,
    placed.shipping_address::jsonb,
    placed.payment_method,
    placed.created_at::timestamp
FROM (
    VALUES
    ('customer-ada', 62.90, 'delivered', '{"city": "London", "country": "GB"}', 'card', '2025-01-15 09:30:00'),
    ('customer-ada', 24.90, 'shipped', '{"city": "London", "country": "GB"}', 'card', '2025-02-20 18:05:00'),
    ('customer-grace', 10.00, 'processing', '{"city": "Arlington", "country": "US"}', 'invoice', '2025-02-28 12:00:00'),
    ('customer-grace', 19.00, 'cancelled', '{"city": "Arlington", "country": "US"}', 'card', '2025-01-03 07:45:00'),
    ('customer-alan', 9.50, 'pending', NULL, NULL, '2025-03-01 00:00:00')
) AS placed (customer_id, total_amount, status, shipping_address, payment_method, created_at)
WHERE NOT EXISTS (
    SELECT 1
    FROM public.orders AS o
    WHERE o.customer_id = placed.customer_id AND o.created_at = placed.created_at::timestamp
);

INSERT INTO public.order_items (order_id, product_id, product_name, price, quantity)
SELECT
    o.id,
    item.product_id,
    item.product_name,
    item.price,
    item.quantity
FROM (
    VALUES
    ('customer-ada', '2025-01-15 09:30:00', 'book-0001', 'Notes on the Analytical Engine', 24.90, 1),
    ('customer-ada', '2025-01-15 09:30:00', 'mug-0007', 'Mug, 300 ml', 9.50, 4),
    ('customer-ada', '2025-02-20 18:05:00', 'book-0001', 'Notes on the Analytical Engine', 24.90, 1),
    ('customer-grace', '2025-02-28 12:00:00', 'wire-0030', 'Wire, 30 cm', 0.10, 100),
    ('customer-grace', '2025-01-03 07:45:00', 'mug-0007', 'Mug, 300 ml', 9.50, 2),
    ('customer-alan', '2025-03-01 00:00:00', 'mug-0007', 'Mug, 300 ml', 9.50, 1)
) AS item (customer_id, placed_at, product_id, product_name, price, quantity)
INNER JOIN public.orders AS o ON o.customer_id = item.customer_id AND o.created_at = item.placed_at::timestamp
WHERE NOT EXISTS (
    SELECT 1
    FROM public.order_items AS i
    WHERE i.order_id = o.id AND i.product_id = item.product_id
);
