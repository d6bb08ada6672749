-- Indexes that a failed or interrupted CREATE INDEX or REINDEX CONCURRENTLY left, and that nobody is building now.
-- worry: always: every write maintains it, no query uses it, and a unique one guards nothing.
-- do: runner builds those of its own migrations again. Else REINDEX INDEX CONCURRENTLY name; a leftover whose name
--   ends in _ccnew or _ccold: DROP INDEX CONCURRENTLY name.
-- warn: any row
-- labels: schema, index
SELECT
    n.nspname::text AS schema,
    c.relname::text AS index,
    t.relname::text AS table,
    c.relname ~ '_cc(new|old)[0-9]*$' AS is_leftover,
    pg_catalog.pg_relation_size(c.oid) AS size_bytes
FROM pg_catalog.pg_index AS i
INNER JOIN pg_catalog.pg_class AS c ON i.indexrelid = c.oid
INNER JOIN pg_catalog.pg_class AS t ON i.indrelid = t.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    NOT i.indisvalid
    AND c.relkind = 'i'
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_locks AS l
        INNER JOIN pg_catalog.pg_database AS d ON l.database = d.oid
        WHERE
            l.locktype = 'relation'
            AND l.relation = i.indrelid
            AND l.mode = 'ShareUpdateExclusiveLock'
            AND d.datname = pg_catalog.current_database()
    )
ORDER BY n.nspname, c.relname
LIMIT 50;
