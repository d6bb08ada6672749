-- owner: of a table with rights

-- ==== change

GRANT UPDATE ON TABLE s1.t TO CURRENT_ROLE;

ALTER TABLE s1.t OWNER TO catalog_writer;

REVOKE UPDATE ON TABLE s1.t FROM catalog_writer;

-- ==== its rollback

GRANT UPDATE ON TABLE s1.t TO catalog_writer;

ALTER TABLE s1.t OWNER TO CURRENT_ROLE;

REVOKE UPDATE ON TABLE s1.t FROM CURRENT_ROLE;

-- And the other way

-- ==== change

GRANT UPDATE ON TABLE s1.t TO catalog_writer;

ALTER TABLE s1.t OWNER TO CURRENT_ROLE;

REVOKE UPDATE ON TABLE s1.t FROM CURRENT_ROLE;

-- ==== its rollback

GRANT UPDATE ON TABLE s1.t TO CURRENT_ROLE;

ALTER TABLE s1.t OWNER TO catalog_writer;

REVOKE UPDATE ON TABLE s1.t FROM catalog_writer;
