-- user mapping: existence

-- ==== change

CREATE USER MAPPING FOR catalog_reader SERVER s1x;

-- ==== its rollback

DROP USER MAPPING FOR catalog_reader SERVER s1x;

-- And the other way

-- ==== change

DROP USER MAPPING FOR catalog_reader SERVER s1x;

-- ==== its rollback

CREATE USER MAPPING FOR catalog_reader SERVER s1x;
