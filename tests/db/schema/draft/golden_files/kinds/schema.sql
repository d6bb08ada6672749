-- schema: existence

-- ==== change

CREATE SCHEMA s1x_b;

-- ==== its rollback

DROP SCHEMA s1x_b;

-- And the other way

-- ==== change

DROP SCHEMA s1x_b;

-- ==== its rollback

CREATE SCHEMA s1x_b;
