-- foreign table: options

-- ==== change

DROP FOREIGN TABLE s1.t;

CREATE FOREIGN TABLE s1.t (
    a integer,
    b text
)
SERVER s1x OPTIONS (x '2', y 'it''s');

-- ==== its rollback

DROP FOREIGN TABLE s1.t;

CREATE FOREIGN TABLE s1.t (
    a integer,
    b text
)
SERVER s1x OPTIONS (x '1');

-- And the other way

-- ==== change

DROP FOREIGN TABLE s1.t;

CREATE FOREIGN TABLE s1.t (
    a integer,
    b text
)
SERVER s1x OPTIONS (x '1');

-- ==== its rollback

DROP FOREIGN TABLE s1.t;

CREATE FOREIGN TABLE s1.t (
    a integer,
    b text
)
SERVER s1x OPTIONS (x '2', y 'it''s');
