-- operator class: existence

-- ==== change

CREATE OPERATOR FAMILY s1.o USING hash;

CREATE OPERATOR CLASS s1.o
    FOR TYPE integer USING hash FAMILY s1.o AS
    OPERATOR 1 s1.===(integer,integer),
    FUNCTION 1 (integer, integer) hashint4(integer);

-- ==== its rollback

DROP OPERATOR CLASS s1.o USING hash;

DROP OPERATOR FAMILY s1.o USING hash;

-- And the other way

-- ==== change

DROP OPERATOR CLASS s1.o USING hash;

DROP OPERATOR FAMILY s1.o USING hash;

-- ==== its rollback

CREATE OPERATOR FAMILY s1.o USING hash;

CREATE OPERATOR CLASS s1.o
    FOR TYPE integer USING hash FAMILY s1.o AS
    OPERATOR 1 s1.===(integer,integer),
    FUNCTION 1 (integer, integer) hashint4(integer);
