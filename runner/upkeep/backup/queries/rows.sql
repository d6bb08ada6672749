-- What shows whether rows or the schema of this database were changed since: counters of writes, and the files that
-- TRUNCATE and rewrites replace. A crash of the server sets the counters to zero.
SELECT
    c.oid::text AS relation,
    pg_catalog.pg_relation_filenode(c.oid)::text AS file,
    coalesce(pg_catalog.pg_stat_get_tuples_inserted(c.oid), 0) AS inserted,
    coalesce(pg_catalog.pg_stat_get_tuples_updated(c.oid), 0) AS updated,
    coalesce(pg_catalog.pg_stat_get_tuples_deleted(c.oid), 0) AS deleted,
    CASE
        WHEN c.relkind = 'S' AND pg_catalog.has_sequence_privilege(c.oid, 'SELECT, USAGE')
        THEN pg_catalog.pg_sequence_last_value(c.oid)
    END AS drawn
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE (
    c.relkind IN ('r', 'm', 'S') AND c.relpersistence <> 't'
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
) OR (
    -- a change of the schema is a write to the catalog; ANALYZE is none that counts, nor is our mark, a shared comment
    n.nspname = 'pg_catalog' AND c.relkind = 'r' AND NOT c.relisshared AND c.relname NOT LIKE 'pg\_statistic%'
)
ORDER BY c.oid
