-- foreign key: existence

-- ==== change

ALTER TABLE s1.t
    ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES s1.k(a) NOT VALID;

-- ==== its rollback

ALTER TABLE s1.t DROP CONSTRAINT t_a_fkey;

-- ==== validate

ALTER TABLE s1.t VALIDATE CONSTRAINT t_a_fkey;

-- ==== its rollback

ALTER TABLE s1.t DROP CONSTRAINT t_a_fkey;

ALTER TABLE s1.t
    ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES s1.k(a) NOT VALID;

-- And the other way

-- ==== change

ALTER TABLE s1.t DROP CONSTRAINT t_a_fkey;

-- ==== its rollback

ALTER TABLE s1.t
    ADD CONSTRAINT t_a_fkey FOREIGN KEY (a) REFERENCES s1.k(a);
