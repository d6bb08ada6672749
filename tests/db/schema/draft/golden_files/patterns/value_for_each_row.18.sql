-- ==== 0002_change.rollback.sql
-- Undo 0002_change.
-- Loses column public.orders.token, with its values.

ALTER TABLE public.orders DROP COLUMN token;

-- ==== 0002_change.sql
-- Change.
-- Locks: ACCESS EXCLUSIVE on public.orders.

ALTER TABLE public.orders ADD COLUMN token text;

ALTER TABLE public.orders ALTER COLUMN token SET DEFAULT md5((random())::text);

-- ==== 0003_change_fill.rollback.sql
-- Undo 0003_change_fill: nothing is to be done here.

SELECT 1;

-- ==== 0003_change_fill.sql
-- Change fill.
-- Locks: none that stops a read or a write.
-- batch: true

UPDATE public.orders SET token = md5((random())::text)
WHERE id IN (
    SELECT id FROM public.orders WHERE token IS NULL ORDER BY id LIMIT 1000
) AND token IS NULL;

-- ==== 0004_change_then.rollback.sql
-- Undo 0004_change_then.

ALTER TABLE public.orders DROP CONSTRAINT orders_token_not_null;

-- ==== 0004_change_then.sql
-- Change then.
-- Locks: ACCESS EXCLUSIVE on public.orders.

ALTER TABLE public.orders
    ADD CONSTRAINT orders_token_not_null NOT NULL token NOT VALID;

-- ==== 0005_change_validate.rollback.sql
-- Undo 0005_change_validate.

ALTER TABLE public.orders ALTER COLUMN token DROP NOT NULL;

ALTER TABLE public.orders
    ADD CONSTRAINT orders_token_not_null NOT NULL token NOT VALID;

-- ==== 0005_change_validate.sql
-- Change validate.
-- Locks: SHARE UPDATE EXCLUSIVE on public.orders.

ALTER TABLE public.orders VALIDATE CONSTRAINT orders_token_not_null;
