-- operator family: existence

-- ==== change

CREATE OPERATOR FAMILY s1.o USING btree;

-- ==== its rollback

DROP OPERATOR FAMILY s1.o USING btree;

-- And the other way

-- ==== change

DROP OPERATOR FAMILY s1.o USING btree;

-- ==== its rollback

CREATE OPERATOR FAMILY s1.o USING btree;
