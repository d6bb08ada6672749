-- column statistics: of a materialized view

-- ==== change

ALTER TABLE ONLY s1.m ALTER COLUMN a SET STATISTICS 50;

-- ==== its rollback

ALTER TABLE ONLY s1.m ALTER COLUMN a SET STATISTICS -1;

-- And the other way

-- ==== change

ALTER TABLE ONLY s1.m ALTER COLUMN a SET STATISTICS -1;

-- ==== its rollback

ALTER TABLE ONLY s1.m ALTER COLUMN a SET STATISTICS 50;
