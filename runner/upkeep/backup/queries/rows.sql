-- What tells whether rows of this database were written since: counters of writes, and the files that TRUNCATE and rewrites
-- replace. A crash of the server sets the counters to zero.
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
) OR c.oid = 'pg_catalog.pg_largeobject'::regclass
ORDER BY c.oid
