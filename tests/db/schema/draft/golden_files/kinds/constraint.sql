-- constraint: existence

-- ==== change

ALTER TABLE s1.t
    ADD CONSTRAINT t_a_check CHECK ((a > 0)) NOT VALID;

-- ==== its rollback

ALTER TABLE s1.t DROP CONSTRAINT t_a_check;

-- ==== validate

ALTER TABLE s1.t VALIDATE CONSTRAINT t_a_check;

-- ==== its rollback

ALTER TABLE s1.t DROP CONSTRAINT t_a_check;

ALTER TABLE s1.t
    ADD CONSTRAINT t_a_check CHECK ((a > 0)) NOT VALID;

-- And the other way

-- ==== change

ALTER TABLE s1.t DROP CONSTRAINT t_a_check;

-- ==== its rollback

ALTER TABLE s1.t
    ADD CONSTRAINT t_a_check CHECK ((a > 0));
