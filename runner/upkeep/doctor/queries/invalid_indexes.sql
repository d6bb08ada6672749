-- Indexes that cost every write and serve no query; leftovers of REINDEX CONCURRENTLY carry _ccnew or _ccold.
SELECT
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS qualified,
    c.relname ~ '_cc(new|old)[0-9]*$' AS is_leftover
FROM pg_catalog.pg_index AS i
INNER JOIN pg_catalog.pg_class AS c ON i.indexrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    NOT i.indisvalid
    AND c.relkind = 'i'
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_locks AS l
        WHERE
            l.locktype = 'relation'
            AND l.relation = i.indrelid
            AND l.mode = 'ShareUpdateExclusiveLock'
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    )
ORDER BY n.nspname, c.relname
