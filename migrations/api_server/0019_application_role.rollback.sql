-- Take the services' role out of this database, and out of the cluster when nothing else there depends on it.
-- Locks: the role api_server_user, waiting for transactions of any database that are granting it something; no table.

REVOKE USAGE ON SCHEMA public FROM api_server_user;

DO $$
BEGIN
    EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM api_server_user', current_database());

    -- What a database of that version starts with. From 15 on, CREATE was never PUBLIC's.
    IF current_setting('server_version_num')::integer < 150000 THEN
        GRANT CREATE ON SCHEMA public TO PUBLIC;
    END IF;

    -- The migration makes no role that can log in, so this one is somebody else's.
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'api_server_user' AND rolcanlogin) THEN
        RAISE NOTICE 'role api_server_user stays: it can log in';
        RETURN;
    END IF;

    -- DROP ROLE would end memberships without a word. PostgreSQL 16 and later make a role's creator a member that
    -- neither inherits nor can SET ROLE: that one is no use of the role. Through jsonb, as 14 and 15 lack the columns.
    IF EXISTS (
        SELECT
        FROM pg_catalog.pg_auth_members AS m
        INNER JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
        WHERE
            r.rolname = 'api_server_user'
            AND NOT (
                coalesce(to_jsonb(m) ->> 'inherit_option' = 'false', FALSE)
                AND coalesce(to_jsonb(m) ->> 'set_option' = 'false', FALSE)
            )
    ) THEN
        RAISE NOTICE 'role api_server_user stays: it has members';
        RETURN;
    END IF;

    BEGIN
        DROP ROLE api_server_user;
    EXCEPTION
        WHEN dependent_objects_still_exist OR insufficient_privilege OR lock_not_available OR undefined_object THEN
            RAISE NOTICE 'role api_server_user stays: %', SQLERRM;
    END;
END
$$;
