-- publication: tables

-- ==== change

CREATE TABLE s1.u (
    a integer NOT NULL
);

ALTER TABLE s1.u
    ADD CONSTRAINT u_pkey PRIMARY KEY (a);

ALTER PUBLICATION s1x ADD TABLE ONLY s1.u;

-- ==== its rollback

DROP PUBLICATION s1x;

DROP TABLE s1.u;

CREATE PUBLICATION s1x;

ALTER PUBLICATION s1x ADD TABLE ONLY s1.t;

-- And the other way

-- ==== change

DROP PUBLICATION s1x;

CREATE PUBLICATION s1x;

ALTER PUBLICATION s1x ADD TABLE ONLY s1.t;

-- ==== its rollback

ALTER PUBLICATION s1x ADD TABLE ONLY s1.u;

-- ==== drop

DROP TABLE s1.u;

-- ==== its rollback

CREATE TABLE s1.u (
    a integer NOT NULL
);

ALTER TABLE s1.u
    ADD CONSTRAINT u_pkey PRIMARY KEY (a);
