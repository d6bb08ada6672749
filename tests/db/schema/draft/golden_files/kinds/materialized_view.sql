-- materialized view: existence

-- ==== change

CREATE MATERIALIZED VIEW s1.m AS
 SELECT 1 AS a;

-- ==== its rollback

DROP MATERIALIZED VIEW s1.m;

-- And the other way

-- ==== change

DROP MATERIALIZED VIEW s1.m;

-- ==== its rollback

CREATE MATERIALIZED VIEW s1.m AS
 SELECT 1 AS a;
