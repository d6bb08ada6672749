-- Remove pgcrypto; refused while anything in the database is built on it.
-- Locks: none on any table.

DROP EXTENSION pgcrypto;
