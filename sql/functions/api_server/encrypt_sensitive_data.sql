-- Encrypt a field with the key of the session; text in, base64 text out.
-- The guide's own body cannot work: pgp_sym_encrypt() returns bytea, and the key stood in the source.
-- The key comes from the setting app.encryption_key, which the service sends when it connects (libpq: options=-c
-- app.encryption_key=...; it is in no statement then) or with SELECT set_config('app.encryption_key', $1, false) and a bound
-- value. Not with SET, whose text goes into the server log and pg_stat_statements, and not with ALTER ROLE or ALTER
-- DATABASE ... SET, which every role can read in pg_db_role_setting.
-- The key is never a value or a parameter here: the inner statement reads the setting itself, so that no error context and
-- no plan logged by auto_explain can show it.
-- pgcrypto is looked up, as a server may have it in a schema of its own; search_path need not hold that schema.
-- It is VOLATILE, as each call makes a new session key and another result.
-- Locks: none on any table.
-- depends: 0001_extensions 0019_application_role

CREATE OR REPLACE FUNCTION public.encrypt_sensitive_data(data text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
STRICT
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;

COMMENT ON FUNCTION public.encrypt_sensitive_data(text) IS
    'Encrypts with the key in the setting app.encryption_key; returns base64, NULL for NULL';

REVOKE EXECUTE ON FUNCTION public.encrypt_sensitive_data(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION public.encrypt_sensitive_data(text) TO api_server_user;
