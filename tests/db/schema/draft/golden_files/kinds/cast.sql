-- cast: existence

-- ==== change

CREATE CAST (s1.e AS s1.f) WITH FUNCTION s1.ef(s1.e);

-- ==== its rollback

DROP CAST (s1.e AS s1.f);

-- And the other way

-- ==== change

DROP CAST (s1.e AS s1.f);

-- ==== its rollback

CREATE CAST (s1.e AS s1.f) WITH FUNCTION s1.ef(s1.e);
