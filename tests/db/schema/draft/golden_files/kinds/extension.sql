-- extension: existence

-- ==== change

CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA s1x;

-- ==== its rollback

DROP EXTENSION hstore;

-- And the other way

-- ==== change

DROP EXTENSION hstore;

-- ==== its rollback

CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA s1x;
