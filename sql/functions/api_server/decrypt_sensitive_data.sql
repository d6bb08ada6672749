-- Decrypt a field that encrypt_sensitive_data() made, with the key of the session.
-- The setting app.encryption_key, the search for pgcrypto and what keeps the key out of logs are explained there.
-- It is STABLE, as the result depends on the setting and on nothing else that could change within a statement.
-- Locks: none on any table.
-- depends: 0001_extensions 0019_application_role

CREATE OR REPLACE FUNCTION public.decrypt_sensitive_data(encrypted_data text)
RETURNS text
LANGUAGE plpgsql
STABLE
STRICT
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;

COMMENT ON FUNCTION public.decrypt_sensitive_data(text) IS
    'Decrypts what encrypt_sensitive_data() returned, with the key in the setting app.encryption_key; NULL for NULL';

REVOKE EXECUTE ON FUNCTION public.decrypt_sensitive_data(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION public.decrypt_sensitive_data(text) TO api_server_user;
