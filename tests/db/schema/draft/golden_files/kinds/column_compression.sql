-- column compression: of a materialized view

-- ==== change

ALTER MATERIALIZED VIEW s1.m ALTER COLUMN a SET COMPRESSION pglz;

-- ==== its rollback

ALTER MATERIALIZED VIEW s1.m ALTER COLUMN a SET COMPRESSION default;

-- And the other way

-- ==== change

ALTER MATERIALIZED VIEW s1.m ALTER COLUMN a SET COMPRESSION default;

-- ==== its rollback

ALTER MATERIALIZED VIEW s1.m ALTER COLUMN a SET COMPRESSION pglz;
