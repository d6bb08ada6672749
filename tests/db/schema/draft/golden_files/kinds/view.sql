-- view: existence

-- ==== change

CREATE VIEW s1.v AS
 SELECT 1 AS a;

-- ==== its rollback

DROP VIEW s1.v;

-- And the other way

-- ==== change

DROP VIEW s1.v;

-- ==== its rollback

CREATE VIEW s1.v AS
 SELECT 1 AS a;
