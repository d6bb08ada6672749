-- table: existence

-- ==== change

CREATE TABLE s1.t ();

-- ==== its rollback

DROP TABLE s1.t;

-- And the other way

-- ==== drop

DROP TABLE s1.t;

-- ==== its rollback

CREATE TABLE s1.t ();
