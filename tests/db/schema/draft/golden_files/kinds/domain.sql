-- domain: existence

-- ==== change

CREATE DOMAIN s1.d AS integer;

-- ==== its rollback

DROP DOMAIN s1.d;

-- And the other way

-- ==== change

DROP DOMAIN s1.d;

-- ==== its rollback

CREATE DOMAIN s1.d AS integer;
