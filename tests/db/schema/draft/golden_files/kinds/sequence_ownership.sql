-- sequence ownership: existence

-- ==== change

ALTER SEQUENCE s1.q OWNED BY s1.t.a;

-- ==== its rollback

ALTER SEQUENCE s1.q OWNED BY NONE;

-- And the other way

-- ==== change

ALTER SEQUENCE s1.q OWNED BY NONE;

-- ==== its rollback

ALTER SEQUENCE s1.q OWNED BY s1.t.a;
