-- Encrypt sensitive fields inside the database: encrypt_sensitive_data() calls pgcrypto's pgp_sym_encrypt().
-- uuid-ossp is not wanted: gen_random_uuid() is in the core since PostgreSQL 13, and many managed servers lack the library.
-- A pgcrypto that is already there, in whatever schema, stays where it is; the functions look it up.
-- Locks: none on any table.

CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
