-- grant: privileges

-- ==== change

REVOKE SELECT ON TABLE s1.t FROM catalog_reader;

GRANT SELECT, INSERT, TRIGGER ON TABLE s1.t TO catalog_reader;

-- ==== its rollback

REVOKE SELECT, INSERT, TRIGGER ON TABLE s1.t FROM catalog_reader;

GRANT SELECT ON TABLE s1.t TO catalog_reader;

-- And the other way

-- ==== change

REVOKE SELECT, INSERT, TRIGGER ON TABLE s1.t FROM catalog_reader;

GRANT SELECT ON TABLE s1.t TO catalog_reader;

-- ==== its rollback

REVOKE SELECT ON TABLE s1.t FROM catalog_reader;

GRANT SELECT, INSERT, TRIGGER ON TABLE s1.t TO catalog_reader;
