-- sequence persistence: unlogged, of a serial

-- ==== change

ALTER SEQUENCE s1.t_a_seq SET UNLOGGED;

-- ==== its rollback

ALTER SEQUENCE s1.t_a_seq SET LOGGED;

-- And the other way

-- ==== change

ALTER SEQUENCE s1.t_a_seq SET LOGGED;

-- ==== its rollback

ALTER SEQUENCE s1.t_a_seq SET UNLOGGED;
