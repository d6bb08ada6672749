-- What an interrupted REINDEX CONCURRENTLY left: the new index, unfinished, or the old one, replaced.
SELECT
    pg_catalog.format('%%I.%%I', n.nspname, c.relname) AS qualified
FROM pg_catalog.pg_index AS i
INNER JOIN pg_catalog.pg_class AS c ON i.indexrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_catalog.pg_class AS t ON i.indrelid = t.reltoastrelid -- the table of a TOAST table's index
LEFT JOIN pg_catalog.pg_namespace AS tn ON t.relnamespace = tn.oid
WHERE
    NOT i.indisvalid
    AND c.relkind = 'i'
    AND c.relname ~ '_cc(new|old)[0-9]*$'
    AND CASE %(scope)s
        WHEN 'TABLE' THEN coalesce(t.oid, i.indrelid) = pg_catalog.to_regclass(%(name)s)
        WHEN 'INDEX' THEN i.indrelid = (
            SELECT x.indrelid FROM pg_catalog.pg_index AS x WHERE x.indexrelid = pg_catalog.to_regclass(%(name)s)
        )
        WHEN 'SCHEMA' THEN coalesce(tn.nspname, n.nspname) = (pg_catalog.parse_ident(%(name)s, false))[1]::name
        ELSE true
    END
    AND NOT EXISTS (
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
    )
ORDER BY c.oid
