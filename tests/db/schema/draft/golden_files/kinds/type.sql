-- type: enum

-- ==== change

CREATE TYPE s1.e AS ENUM ();

-- ==== its rollback

DROP TYPE s1.e;

-- And the other way

-- ==== change

DROP TYPE s1.e;

-- ==== its rollback

CREATE TYPE s1.e AS ENUM ();
