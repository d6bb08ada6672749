-- column options: of a materialized view

-- ==== change

ALTER TABLE ONLY s1.m ALTER COLUMN a SET (n_distinct=5);

-- ==== its rollback

ALTER TABLE ONLY s1.m ALTER COLUMN a RESET (n_distinct);

-- And the other way

-- ==== change

ALTER TABLE ONLY s1.m ALTER COLUMN a RESET (n_distinct);

-- ==== its rollback

ALTER TABLE ONLY s1.m ALTER COLUMN a SET (n_distinct=5);
