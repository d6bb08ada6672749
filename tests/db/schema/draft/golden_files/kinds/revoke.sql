-- revoke: of the owner's

-- ==== change

REVOKE DELETE, TRUNCATE ON TABLE s1.t FROM CURRENT_ROLE;

-- ==== its rollback

GRANT DELETE, TRUNCATE ON TABLE s1.t TO CURRENT_ROLE;

-- And the other way

-- ==== change

GRANT DELETE, TRUNCATE ON TABLE s1.t TO CURRENT_ROLE;

-- ==== its rollback

REVOKE DELETE, TRUNCATE ON TABLE s1.t FROM CURRENT_ROLE;
