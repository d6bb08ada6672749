-- aggregate: transition function

-- ==== change

DROP AGGREGATE s1.g(integer);

CREATE AGGREGATE s1.g(integer) (
    SFUNC = int4pl,
    STYPE = integer
);

-- ==== its rollback

DROP AGGREGATE s1.g(integer);

CREATE AGGREGATE s1.g(integer) (
    SFUNC = s1.plus,
    STYPE = integer
);

-- And the other way

-- ==== change

DROP AGGREGATE s1.g(integer);

CREATE AGGREGATE s1.g(integer) (
    SFUNC = s1.plus,
    STYPE = integer
);

-- ==== its rollback

DROP AGGREGATE s1.g(integer);

CREATE AGGREGATE s1.g(integer) (
    SFUNC = int4pl,
    STYPE = integer
);
