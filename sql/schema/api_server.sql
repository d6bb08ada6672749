-- The schema that the migrations add up to. Written by `runner snapshot`: change the migrations, not this file.

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET search_path = public;

CREATE EXTENSION IF NOT EXISTS pgcrypto;

GRANT USAGE ON SCHEMA public TO api_server_user;

CREATE OR REPLACE FUNCTION public.cleanup_expired_tokens()
 RETURNS TABLE(table_name text, deleted bigint)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    DELETE FROM public.password_reset_tokens WHERE expires_at < CURRENT_TIMESTAMP;
    table_name := 'password_reset_tokens';
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN NEXT;

    DELETE FROM public.email_verification_tokens WHERE expires_at < CURRENT_TIMESTAMP;
    table_name := 'email_verification_tokens';
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN NEXT;

    DELETE FROM public.user_sessions WHERE expires_at < CURRENT_TIMESTAMP;
    table_name := 'user_sessions';
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN NEXT;

    DELETE FROM public.audit_logs WHERE created_at < CURRENT_TIMESTAMP - interval '90 days';
    table_name := 'audit_logs';
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN NEXT;
END;
$function$;

COMMENT ON FUNCTION public.cleanup_expired_tokens() IS 'Deletes expired tokens and sessions and audit rows older than 90 days; returns the count for each table';

REVOKE ALL ON FUNCTION public.cleanup_expired_tokens() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION public.cleanup_expired_tokens() TO api_server_user;

CREATE OR REPLACE PROCEDURE public.cleanup_expired_tokens_in_batches(IN batch_size integer DEFAULT 1000, IN max_batches integer DEFAULT 10000, INOUT password_reset_tokens bigint DEFAULT 0, INOUT email_verification_tokens bigint DEFAULT 0, INOUT user_sessions bigint DEFAULT 0, INOUT audit_logs bigint DEFAULT 0)
 LANGUAGE plpgsql
AS $procedure$
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
$procedure$;

COMMENT ON PROCEDURE public.cleanup_expired_tokens_in_batches(integer,integer,bigint,bigint,bigint,bigint) IS 'Deletes what cleanup_expired_tokens() deletes, in batches; CALL it outside a transaction';

REVOKE ALL ON PROCEDURE public.cleanup_expired_tokens_in_batches(integer,integer,bigint,bigint,bigint,bigint) FROM PUBLIC;

GRANT EXECUTE ON PROCEDURE public.cleanup_expired_tokens_in_batches(integer,integer,bigint,bigint,bigint,bigint) TO api_server_user;

CREATE OR REPLACE FUNCTION public.decrypt_sensitive_data(encrypted_data text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    pgcrypto_schema name;
    decrypted text;
BEGIN
    IF current_setting('app.encryption_key', TRUE) IS NULL THEN
        RAISE EXCEPTION 'app.encryption_key is not set'
            USING
                ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Send the key when the session starts: SELECT set_config(''app.encryption_key'', $1, false).';
    ELSIF btrim(current_setting('app.encryption_key')) = '' THEN
        RAISE EXCEPTION 'app.encryption_key is empty'
            USING
                ERRCODE = 'object_not_in_prerequisite_state',
                DETAIL = 'It is empty also after a transaction that set it for itself only.',
                HINT = 'Send the key when the session starts: SELECT set_config(''app.encryption_key'', $1, false).';
    END IF;

    SELECT n.nspname INTO pgcrypto_schema
    FROM pg_extension AS e
    INNER JOIN pg_namespace AS n ON n.oid = e.extnamespace
    WHERE e.extname = 'pgcrypto';

    IF NOT FOUND THEN
        RAISE EXCEPTION 'extension pgcrypto is not installed'
            USING ERRCODE = 'undefined_object', HINT = 'CREATE EXTENSION pgcrypto WITH SCHEMA public;';
    END IF;

    BEGIN
        EXECUTE format(
            'SELECT %I.pgp_sym_decrypt(decode($1, ''base64''), current_setting(''app.encryption_key''))', pgcrypto_schema
        ) INTO decrypted USING encrypted_data;
    EXCEPTION
        -- What pgcrypto and decode() raise; their own messages do not say which value was meant.
        WHEN external_routine_invocation_exception OR invalid_parameter_value THEN
            RAISE EXCEPTION 'the value cannot be decrypted'
                USING
                    ERRCODE = SQLSTATE,
                    DETAIL = upper(left(SQLERRM, 1)) || substr(SQLERRM, 2) || '.',
                    HINT = 'Is app.encryption_key the key that it was encrypted with?';
    END;

    RETURN decrypted;
END;
$function$;

COMMENT ON FUNCTION public.decrypt_sensitive_data(text) IS 'Decrypts what encrypt_sensitive_data() returned, with the key in the setting app.encryption_key; NULL for NULL';

REVOKE ALL ON FUNCTION public.decrypt_sensitive_data(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION public.decrypt_sensitive_data(text) TO api_server_user;

CREATE OR REPLACE FUNCTION public.encrypt_sensitive_data(data text)
 RETURNS text
 LANGUAGE plpgsql
 STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    pgcrypto_schema name;
    encrypted bytea;
BEGIN
    IF current_setting('app.encryption_key', TRUE) IS NULL THEN
        RAISE EXCEPTION 'app.encryption_key is not set'
            USING
                ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Send the key when the session starts: SELECT set_config(''app.encryption_key'', $1, false).';
    ELSIF btrim(current_setting('app.encryption_key')) = '' THEN
        RAISE EXCEPTION 'app.encryption_key is empty'
            USING
                ERRCODE = 'object_not_in_prerequisite_state',
                DETAIL = 'It is empty also after a transaction that set it for itself only.',
                HINT = 'Send the key when the session starts: SELECT set_config(''app.encryption_key'', $1, false).';
    END IF;

    SELECT n.nspname INTO pgcrypto_schema
    FROM pg_extension AS e
    INNER JOIN pg_namespace AS n ON n.oid = e.extnamespace
    WHERE e.extname = 'pgcrypto';

    IF NOT FOUND THEN
        RAISE EXCEPTION 'extension pgcrypto is not installed'
            USING ERRCODE = 'undefined_object', HINT = 'CREATE EXTENSION pgcrypto WITH SCHEMA public;';
    END IF;

    EXECUTE format(
        'SELECT %I.pgp_sym_encrypt($1, current_setting(''app.encryption_key''), ''cipher-algo=aes256'')', pgcrypto_schema
    ) INTO encrypted USING data;

    -- encode() breaks lines after 76 characters, as in MIME.
    RETURN translate(encode(encrypted, 'base64'), E'\n', '');
END;
$function$;

COMMENT ON FUNCTION public.encrypt_sensitive_data(text) IS 'Encrypts with the key in the setting app.encryption_key; returns base64, NULL for NULL';

REVOKE ALL ON FUNCTION public.encrypt_sensitive_data(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION public.encrypt_sensitive_data(text) TO api_server_user;

CREATE OR REPLACE FUNCTION public.update_updated_at_column()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.updated_at = CURRENT_TIMESTAMP;
    RETURN NEW;
END;
$function$;

GRANT EXECUTE ON FUNCTION public.update_updated_at_column() TO api_server_user;

CREATE TABLE public.audit_logs (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid,
    action character varying(100) NOT NULL,
    resource character varying(100),
    resource_id uuid,
    old_values jsonb,
    new_values jsonb,
    ip_address inet,
    user_agent text,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE public.audit_logs
    ADD CONSTRAINT audit_logs_pkey PRIMARY KEY (id);

CREATE INDEX idx_audit_logs_created_at ON public.audit_logs USING btree (created_at);

CREATE INDEX idx_audit_logs_user_id ON public.audit_logs USING btree (user_id);

COMMENT ON COLUMN public.audit_logs.action IS 'create, update, delete, login, ...';

COMMENT ON COLUMN public.audit_logs.new_values IS 'State after';

COMMENT ON COLUMN public.audit_logs.old_values IS 'State before an update';

COMMENT ON COLUMN public.audit_logs.resource IS 'Kind of thing that was changed: user, session, ...';

COMMENT ON TABLE public.audit_logs IS 'Who changed what; rows older than 90 days are cleaned up';

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.audit_logs TO api_server_user;

CREATE TABLE public.email_verification_tokens (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    token character varying(255) NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used boolean DEFAULT false,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE public.email_verification_tokens
    ADD CONSTRAINT email_verification_tokens_pkey PRIMARY KEY (id);

CREATE INDEX idx_email_verification_tokens_expires_at ON public.email_verification_tokens USING btree (expires_at);

CREATE UNIQUE INDEX idx_email_verification_tokens_token ON public.email_verification_tokens USING btree (token);

CREATE INDEX idx_email_verification_tokens_user_id ON public.email_verification_tokens USING btree (user_id);

COMMENT ON COLUMN public.email_verification_tokens.token IS 'Secure random token';

COMMENT ON COLUMN public.email_verification_tokens.used IS 'A token is good for one use';

COMMENT ON TABLE public.email_verification_tokens IS 'Proof that an e-mail address is its user''s';

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.email_verification_tokens TO api_server_user;

CREATE TABLE public.password_reset_tokens (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    token character varying(255) NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used boolean DEFAULT false,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE public.password_reset_tokens
    ADD CONSTRAINT password_reset_tokens_pkey PRIMARY KEY (id);

CREATE INDEX idx_password_reset_tokens_expires_at ON public.password_reset_tokens USING btree (expires_at);

CREATE UNIQUE INDEX idx_password_reset_tokens_token ON public.password_reset_tokens USING btree (token);

CREATE INDEX idx_password_reset_tokens_user_id ON public.password_reset_tokens USING btree (user_id);

COMMENT ON COLUMN public.password_reset_tokens.token IS 'Secure random token';

COMMENT ON COLUMN public.password_reset_tokens.used IS 'A token is good for one use';

COMMENT ON TABLE public.password_reset_tokens IS 'Proof for a user who forgot the password';

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.password_reset_tokens TO api_server_user;

CREATE TABLE public.rate_limits (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    key character varying(255) NOT NULL,
    count integer NOT NULL DEFAULT 1,
    reset_time timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE public.rate_limits
    ADD CONSTRAINT rate_limits_pkey PRIMARY KEY (id);

CREATE UNIQUE INDEX idx_rate_limits_key ON public.rate_limits USING btree (key);

CREATE TRIGGER update_rate_limits_updated_at BEFORE UPDATE ON public.rate_limits FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

COMMENT ON COLUMN public.rate_limits.count IS 'Requests in the present window';

COMMENT ON COLUMN public.rate_limits.key IS 'What is limited: an address, a user id, ...';

COMMENT ON COLUMN public.rate_limits.reset_time IS 'End of the present window';

COMMENT ON TABLE public.rate_limits IS 'Request counters, one row a key';

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.rate_limits TO api_server_user;

CREATE TABLE public.user_preferences (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    theme character varying(50) DEFAULT 'light'::character varying,
    language character varying(10) DEFAULT 'en'::character varying,
    timezone character varying(50) DEFAULT 'UTC'::character varying,
    notifications jsonb DEFAULT '{}'::jsonb,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE public.user_preferences
    ADD CONSTRAINT user_preferences_pkey PRIMARY KEY (id);

CREATE INDEX idx_user_preferences_user_id ON public.user_preferences USING btree (user_id);

CREATE TRIGGER update_user_preferences_updated_at BEFORE UPDATE ON public.user_preferences FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

COMMENT ON TABLE public.user_preferences IS 'How each user wants the interface';

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.user_preferences TO api_server_user;

CREATE TABLE public.user_sessions (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    token_hash character varying(255) NOT NULL,
    device_info jsonb,
    ip_address inet,
    user_agent text,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE public.user_sessions
    ADD CONSTRAINT user_sessions_pkey PRIMARY KEY (id);

CREATE INDEX idx_user_sessions_expires_at ON public.user_sessions USING btree (expires_at);

CREATE INDEX idx_user_sessions_token_hash ON public.user_sessions USING btree (token_hash);

CREATE INDEX idx_user_sessions_user_id ON public.user_sessions USING btree (user_id);

CREATE TRIGGER update_user_sessions_updated_at BEFORE UPDATE ON public.user_sessions FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

COMMENT ON COLUMN public.user_sessions.ip_address IS 'Address of the client';

COMMENT ON COLUMN public.user_sessions.token_hash IS 'Hash of the JWT token';

COMMENT ON TABLE public.user_sessions IS 'Sessions behind the JWT tokens; owned by the auth service';

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.user_sessions TO api_server_user;

CREATE TABLE public.users (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    email character varying(255) NOT NULL,
    password character varying(255) NOT NULL,
    first_name character varying(100) NOT NULL,
    last_name character varying(100) NOT NULL,
    role character varying(50) NOT NULL DEFAULT 'user'::character varying,
    status character varying(50) NOT NULL DEFAULT 'active'::character varying,
    email_verified boolean DEFAULT false,
    email_verified_at timestamp with time zone,
    password_changed_at timestamp with time zone,
    last_login_at timestamp with time zone,
    login_count integer DEFAULT 0,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP
);

ALTER TABLE public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);

ALTER TABLE public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE public.users
    ADD CONSTRAINT users_role_check CHECK (((role)::text = ANY (ARRAY[('user'::character varying)::text, ('admin'::character varying)::text])));

ALTER TABLE public.users
    ADD CONSTRAINT users_status_check CHECK (((status)::text = ANY (ARRAY[('active'::character varying)::text, ('inactive'::character varying)::text, ('suspended'::character varying)::text])));

CREATE INDEX idx_users_created_at ON public.users USING btree (created_at);

CREATE INDEX idx_users_email ON public.users USING btree (email);

CREATE INDEX idx_users_role ON public.users USING btree (role);

CREATE INDEX idx_users_status ON public.users USING btree (status);

CREATE INDEX idx_users_status_created_at ON public.users USING btree (status, created_at DESC);

CREATE INDEX idx_users_status_role ON public.users USING btree (status, role);

CREATE TRIGGER update_users_updated_at BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.update_updated_at_column();

COMMENT ON COLUMN public.users.password IS 'bcrypt hash, never the password itself';

COMMENT ON TABLE public.users IS 'Accounts of every service; owned by the user service';

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.users TO api_server_user;

ALTER TABLE public.audit_logs
    ADD CONSTRAINT audit_logs_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE SET NULL;

ALTER TABLE public.email_verification_tokens
    ADD CONSTRAINT email_verification_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE public.password_reset_tokens
    ADD CONSTRAINT password_reset_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE public.user_preferences
    ADD CONSTRAINT user_preferences_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE public.user_sessions
    ADD CONSTRAINT user_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, USAGE ON SEQUENCES TO api_server_user;

ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO api_server_user;
