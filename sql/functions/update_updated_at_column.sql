-- Set updated_at on every UPDATE, whoever writes; both databases' triggers call it.
-- Word for word the documents' function and without a comment, so that a database made by hand has the same one already.
-- No SET search_path: the body names nothing that is looked up, and a setting would cost every updated row.
-- Locks: none on any table.

CREATE OR REPLACE FUNCTION public.update_updated_at_column()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at = CURRENT_TIMESTAMP;
    RETURN NEW;
END;
$$;
