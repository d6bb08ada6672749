-- foreign column options: of an inherited column

-- ==== change

ALTER FOREIGN TABLE ONLY s1.t ALTER COLUMN c OPTIONS (column_name 'x');

-- ==== its rollback

ALTER FOREIGN TABLE ONLY s1.t ALTER COLUMN c OPTIONS (DROP column_name);

-- And the other way

-- ==== change

ALTER FOREIGN TABLE ONLY s1.t ALTER COLUMN c OPTIONS (DROP column_name);

-- ==== its rollback

ALTER FOREIGN TABLE ONLY s1.t ALTER COLUMN c OPTIONS (column_name 'x');
