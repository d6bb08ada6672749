-- Let no two requests hold the same token, and find a token without reading the table.
-- With IF NOT EXISTS: where these tables are large and live, build the indexes first with CREATE UNIQUE INDEX CONCURRENTLY under
-- these names. Here it cannot be CONCURRENTLY: a new database is built in one transaction.
-- Locks: SHARE on each table while its index is built; reads go on, writes wait.
-- lint: allow index-not-concurrent -- CONCURRENTLY where it matters is done beforehand, see above; new databases have no rows

CREATE UNIQUE INDEX IF NOT EXISTS idx_password_reset_tokens_token
    ON public.password_reset_tokens (token);

CREATE UNIQUE INDEX IF NOT EXISTS idx_email_verification_tokens_token
    ON public.email_verification_tokens (token);

-- An index that a failed CREATE INDEX CONCURRENTLY left behind has the name and does not do the work.
DO $$
DECLARE
    invalid regclass;
BEGIN
    SELECT i.indexrelid INTO invalid
    FROM pg_catalog.pg_index AS i
    WHERE
        i.indexrelid IN (
            'public.idx_password_reset_tokens_token'::regclass,
            'public.idx_email_verification_tokens_token'::regclass
        )
        AND NOT i.indisvalid;

    IF FOUND THEN
        RAISE EXCEPTION 'index % is not valid', invalid
            USING
                ERRCODE = 'object_not_in_prerequisite_state',
                HINT = format('DROP INDEX CONCURRENTLY %s, then migrate again.', invalid);
    END IF;
END
$$;
