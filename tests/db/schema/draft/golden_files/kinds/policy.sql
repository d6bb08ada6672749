-- policy: existence

-- ==== change

CREATE POLICY y ON s1.t;

-- ==== its rollback

DROP POLICY y ON s1.t;

-- And the other way

-- ==== change

DROP POLICY y ON s1.t;

-- ==== its rollback

CREATE POLICY y ON s1.t;
