-- A new year: everything is closed, and what was closed cannot be opened.

UPDATE public.orders SET status = 'closed';

ALTER TABLE public.orders ADD COLUMN closed_at timestamptz;

UPDATE public.orders SET closed_at = now();
