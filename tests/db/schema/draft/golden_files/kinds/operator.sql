-- operator: function

-- ==== change

DROP OPERATOR s1.=== (integer, integer);

CREATE OPERATOR s1.=== (
    FUNCTION = s1.eq2,
    LEFTARG = integer,
    RIGHTARG = integer
);

-- ==== its rollback

DROP OPERATOR s1.=== (integer, integer);

CREATE OPERATOR s1.=== (
    FUNCTION = s1.eq1,
    LEFTARG = integer,
    RIGHTARG = integer
);

-- And the other way

-- ==== change

DROP OPERATOR s1.=== (integer, integer);

CREATE OPERATOR s1.=== (
    FUNCTION = s1.eq1,
    LEFTARG = integer,
    RIGHTARG = integer
);

-- ==== its rollback

DROP OPERATOR s1.=== (integer, integer);

CREATE OPERATOR s1.=== (
    FUNCTION = s1.eq2,
    LEFTARG = integer,
    RIGHTARG = integer
);
