-- column storage: in a child

-- ==== change

ALTER TABLE ONLY s1.c ALTER COLUMN a SET STORAGE EXTERNAL;

-- ==== its rollback

ALTER TABLE ONLY s1.c ALTER COLUMN a SET STORAGE EXTENDED;

-- And the other way

-- ==== change

ALTER TABLE ONLY s1.c ALTER COLUMN a SET STORAGE EXTENDED;

-- ==== its rollback

ALTER TABLE ONLY s1.c ALTER COLUMN a SET STORAGE EXTERNAL;
