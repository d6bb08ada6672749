-- Remove the encryption of fields; what is encrypted stays as it is.
-- Locks: none on any table.

DROP FUNCTION public.encrypt_sensitive_data(text);
