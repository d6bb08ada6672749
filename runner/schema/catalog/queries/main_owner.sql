-- The role that migrates this database: it owns the history, or else it is asking.
SELECT
    pg_catalog.quote_ident(coalesce(
        (
            SELECT pg_catalog.pg_get_userbyid(c.relowner)
            FROM pg_catalog.pg_class AS c
            INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
            WHERE c.relname = '_yoyo_migration' AND c.relkind = 'r' AND n.nspname !~ '^pg_'
            ORDER BY n.nspname <> 'public', n.nspname
            LIMIT 1
        ),
        current_user
    ));
