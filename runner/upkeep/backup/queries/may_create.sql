-- Whether a restore may make schemas, and what it puts into public.
SELECT
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
    AND coalesce(
        (
            SELECT pg_catalog.has_schema_privilege(n.oid, 'CREATE')
            FROM pg_catalog.pg_namespace AS n
            WHERE n.nspname = 'public'
        ),
        true
    )
