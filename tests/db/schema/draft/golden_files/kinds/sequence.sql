-- sequence: increment

-- ==== change

ALTER SEQUENCE s1.q INCREMENT BY 2;

-- ==== its rollback

ALTER SEQUENCE s1.q INCREMENT BY 1;

-- And the other way

-- ==== change

ALTER SEQUENCE s1.q INCREMENT BY 1;

-- ==== its rollback

ALTER SEQUENCE s1.q INCREMENT BY 2;
