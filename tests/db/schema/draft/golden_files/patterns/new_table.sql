-- ==== 0002_change.rollback.sql
-- Undo 0002_change.
-- Loses table public.t, with its rows.

DROP TABLE public.t;

-- ==== 0002_change.sql
-- Change.
-- Locks: SHARE ROW EXCLUSIVE on public.orders.

CREATE TABLE public.t (
    id integer NOT NULL,
    o bigint NOT NULL
);

ALTER TABLE public.t
    ADD CONSTRAINT t_o_check CHECK ((o > 0));

ALTER TABLE public.t
    ADD CONSTRAINT t_pkey PRIMARY KEY (id);

CREATE INDEX t_o_idx ON public.t USING btree (o);

ALTER TABLE public.t
    ADD CONSTRAINT t_o_fkey FOREIGN KEY (o) REFERENCES public.orders(id);
