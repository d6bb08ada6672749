-- Do what cleanup_expired_tokens() does in batches with a COMMIT after each, beside a busy application.
-- It never waits: a row that another session has locked is left for the next run, and so is a table that is being altered.
-- It always ends: what expires after the start is left for the next run, a batch that is not full ends a table, and
-- max_batches does where another session keeps adding expired rows.
-- Reports in one row, the counts under the tables' names, as psql -c 'CALL ...' in a cron job prints and logs it.
-- No SET search_path: a procedure with one may not COMMIT. Every name is qualified instead.
-- Locks: none on any table when it is made.
-- depends: 0006_audit_logs 0019_application_role

CREATE OR REPLACE PROCEDURE public.cleanup_expired_tokens_in_batches(
    batch_size integer DEFAULT 1000,
    max_batches integer DEFAULT 10000,
    INOUT password_reset_tokens bigint DEFAULT 0,
    INOUT email_verification_tokens bigint DEFAULT 0,
    INOUT user_sessions bigint DEFAULT 0,
    INOUT audit_logs bigint DEFAULT 0
)
LANGUAGE plpgsql
AS $$
DECLARE
    started_at constant timestamp with time zone := pg_catalog.clock_timestamp();
    target text;
    time_column text;
    cutoff timestamp with time zone;
    deleted_now bigint;
    deleted bigint;
BEGIN
    IF batch_size IS NULL OR batch_size NOT BETWEEN 1 AND 10000 THEN
        RAISE EXCEPTION 'batch_size must be from 1 to 10000'
            USING
                ERRCODE = 'invalid_parameter_value',
                DETAIL = pg_catalog.format('It is %s.', coalesce(batch_size::text, 'NULL'));
    END IF;

    IF max_batches IS NULL OR max_batches < 1 THEN
        RAISE EXCEPTION 'max_batches must be 1 or more'
            USING
                ERRCODE = 'invalid_parameter_value',
                DETAIL = pg_catalog.format('It is %s.', coalesce(max_batches::text, 'NULL'));
    END IF;

    FOREACH target IN ARRAY ARRAY['password_reset_tokens', 'email_verification_tokens', 'user_sessions', 'audit_logs'] LOOP
        IF target = 'audit_logs' THEN
            time_column := 'created_at';
            cutoff := started_at - interval '90 days';
        ELSE
            time_column := 'expires_at';
            cutoff := started_at;
        END IF;

        deleted := 0;

        FOR batch IN 1..max_batches LOOP
            -- Taken in a block of its own, as a block that catches errors may not COMMIT.
            BEGIN
                EXECUTE pg_catalog.format('LOCK TABLE public.%I IN ROW EXCLUSIVE MODE NOWAIT', target);
            EXCEPTION
                WHEN lock_not_available THEN
                    RAISE WARNING 'table % is locked; the rest of it is left for the next run', target;
                    EXIT;
            END;

            -- ARRAY(...) is read once; as a join, the planner might read the LIMIT again and again.
            EXECUTE pg_catalog.format(
                'DELETE FROM public.%1$I WHERE id = ANY (ARRAY('
                'SELECT id FROM public.%1$I WHERE %2$I < $1 ORDER BY %2$I LIMIT $2 FOR UPDATE SKIP LOCKED))',
                target, time_column
            ) USING cutoff, batch_size;
            GET DIAGNOSTICS deleted_now = ROW_COUNT;
            COMMIT;

            deleted := deleted + deleted_now;
            EXIT WHEN deleted_now < batch_size;
        END LOOP;

        CASE target
            WHEN 'password_reset_tokens' THEN password_reset_tokens := deleted;
            WHEN 'email_verification_tokens' THEN email_verification_tokens := deleted;
            WHEN 'user_sessions' THEN user_sessions := deleted;
            WHEN 'audit_logs' THEN audit_logs := deleted;
        END CASE;
    END LOOP;
END;
$$;

COMMENT ON PROCEDURE public.cleanup_expired_tokens_in_batches IS
    'Deletes what cleanup_expired_tokens() deletes, in batches; CALL it outside a transaction';

REVOKE EXECUTE ON PROCEDURE public.cleanup_expired_tokens_in_batches FROM PUBLIC;

GRANT EXECUTE ON PROCEDURE public.cleanup_expired_tokens_in_batches TO api_server_user;
