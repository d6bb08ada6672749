-- Give the services one group role to hold their rights, and let nobody else make objects among theirs.
-- NOLOGIN and without a password: the accounts that log in are made outside, as members of it. A role of this name that is
-- already there (roles belong to the whole cluster) is used as it is; the migrating role then needs no CREATEROLE.
-- The guide also revokes ALL on schema information_schema from the role. Left out: the role has no grant there to take
-- back, it reads information_schema as PUBLIC does, and only a superuser may run the statement without a warning.
-- Locks: the role api_server_user against DROP ROLE; no table.

DO $$
DECLARE
    tries_left integer := 10;
BEGIN
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'api_server_user') THEN
            BEGIN
                CREATE ROLE api_server_user NOLOGIN;
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN
                    -- Another database's run has made it since we looked.
                    NULL;
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'role api_server_user is missing and % may not create it', current_user
                        USING
                            ERRCODE = 'insufficient_privilege',
                            HINT = 'Have an administrator run CREATE ROLE api_server_user NOLOGIN once, then migrate again.';
            END;
        END IF;

        -- In the same statement as the creation: until a grant names the role, a rollback in another database may drop it.
        BEGIN
            EXECUTE format('GRANT CONNECT ON DATABASE %I TO api_server_user', current_database());
            GRANT USAGE ON SCHEMA public TO api_server_user;
            EXIT;
        EXCEPTION
            WHEN undefined_object THEN
                tries_left := tries_left - 1;
                IF tries_left = 0 THEN
                    RAISE;
                END IF;
        END;
    END LOOP;
END
$$;

-- The guide revokes CREATE from the role alone, which up to PostgreSQL 14 keeps what PUBLIC has.
REVOKE CREATE ON SCHEMA public FROM PUBLIC, api_server_user;

-- GRANT and REVOKE by a role that owns neither the schema nor the database end with a warning at most.
DO $$
BEGIN
    IF has_schema_privilege('public', 'public', 'CREATE') THEN
        RAISE EXCEPTION 'every role may still create objects in schema public'
            USING
                ERRCODE = 'insufficient_privilege',
                HINT = 'Have the owner of the schema run REVOKE CREATE ON SCHEMA public FROM PUBLIC, then migrate again.';
    END IF;

    IF NOT has_database_privilege('api_server_user', current_database(), 'CONNECT') THEN
        RAISE EXCEPTION 'role api_server_user may not connect to database %', current_database()
            USING
                ERRCODE = 'insufficient_privilege',
                HINT = format(
                    'Have the owner of the database run GRANT CONNECT ON DATABASE %I TO api_server_user, then migrate again.',
                    current_database()
                );
    END IF;
END
$$;
