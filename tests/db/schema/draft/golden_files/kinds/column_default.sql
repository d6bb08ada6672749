-- column default: over the table itself

-- ==== change

ALTER TABLE ONLY s1.t ALTER COLUMN b SET DEFAULT (s1.g() || 'x'::text);

-- ==== its rollback

ALTER TABLE ONLY s1.t ALTER COLUMN b SET DEFAULT s1.g();

-- And the other way

-- ==== change

ALTER TABLE ONLY s1.t ALTER COLUMN b SET DEFAULT s1.g();

-- ==== its rollback

ALTER TABLE ONLY s1.t ALTER COLUMN b SET DEFAULT (s1.g() || 'x'::text);
