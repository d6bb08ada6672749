-- The indexes of a table: whether each can be used, and whether another session may be building it.
SELECT
    c.oid::bigint AS oid,
    pg_catalog.format('%%I.%%I', n.nspname, c.relname) AS qualified,
    c.relname = (pg_catalog.parse_ident(%(name)s, false))[1]::name AS is_named,
    i.indisvalid AS is_valid,
    pg_catalog.pg_get_indexdef(c.oid) AS definition,
    EXISTS (
        SELECT
        FROM pg_catalog.pg_locks AS l
        LEFT JOIN pg_catalog.pg_stat_activity AS a ON l.pid = a.pid
        WHERE
            l.locktype = 'relation'
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
            AND l.relation = i.indrelid
            AND l.mode = 'ShareUpdateExclusiveLock'
            AND l.pid <> pg_catalog.pg_backend_pid()
            AND coalesce(a.backend_type, '') <> 'autovacuum worker'
    ) AS is_busy
FROM pg_catalog.pg_index AS i
INNER JOIN pg_catalog.pg_class AS c ON i.indexrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE i.indrelid = pg_catalog.to_regclass(%(table)s) AND c.relkind = 'i'
ORDER BY c.oid
