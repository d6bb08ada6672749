-- statistics: existence

-- ==== change

CREATE STATISTICS s1.x ON a, b FROM s1.t;

-- ==== its rollback

DROP STATISTICS s1.x;

-- And the other way

-- ==== change

DROP STATISTICS s1.x;

-- ==== its rollback

CREATE STATISTICS s1.x ON a, b FROM s1.t;
