-- The moment of closing goes; which orders were open is not known any more.

ALTER TABLE public.orders DROP COLUMN closed_at;
