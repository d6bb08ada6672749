-- default privileges: on tables

-- ==== change

ALTER DEFAULT PRIVILEGES IN SCHEMA s1x GRANT SELECT ON TABLES TO catalog_reader;

-- ==== its rollback

ALTER DEFAULT PRIVILEGES IN SCHEMA s1x REVOKE SELECT ON TABLES FROM catalog_reader;

-- And the other way

-- ==== change

ALTER DEFAULT PRIVILEGES IN SCHEMA s1x REVOKE SELECT ON TABLES FROM catalog_reader;

-- ==== its rollback

ALTER DEFAULT PRIVILEGES IN SCHEMA s1x GRANT SELECT ON TABLES TO catalog_reader;
