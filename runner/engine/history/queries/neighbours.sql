-- The tables in a database without history, but for those of extensions and of history itself: those of the current
-- schema and, where nobody chose the search_path for this session, those of every other schema that the role may alter.
SELECT
    n.nspname::text AS schema,
    c.relname::text AS name,
    pg_catalog.format('%%I.%%I', n.nspname, c.relname) AS identity
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.relkind IN ('r', 'p', 'f')
    AND NOT c.relispartition
    AND n.nspname !~ '^pg_'
    AND n.nspname <> 'information_schema'
    AND c.relname <> ALL(%(ours)s)
    AND (
        n.nspname = pg_catalog.current_schema()
        OR (NOT %(is_chosen)s AND pg_catalog.pg_has_role(c.relowner, 'USAGE'))
    )
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
ORDER BY n.nspname ASC, c.relname ASC
