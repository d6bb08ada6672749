-- Remove the decryption of fields; what is encrypted can then be read outside the database only.
-- Locks: none on any table.

DROP FUNCTION public.decrypt_sensitive_data(text);
