-- What the catalogue does not describe yet, so that nobody takes silence for sameness. Members of extensions
-- come with them, and a range brings its own casts.
WITH others AS (
    SELECT 'base type' AS kind, n.nspname, t.typname AS name, t.oid, 'pg_catalog.pg_type'::pg_catalog.regclass AS classid
    FROM pg_catalog.pg_type AS t
    INNER JOIN pg_catalog.pg_namespace AS n ON t.typnamespace = n.oid
    WHERE t.typtype IN ('b', 'p') AND t.oid >= 16384 AND NOT (t.typelem <> 0 AND t.typlen = -1)
    UNION ALL
    SELECT 'conversion', n.nspname, c.conname, c.oid, 'pg_catalog.pg_conversion'::pg_catalog.regclass
    FROM pg_catalog.pg_conversion AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.connamespace = n.oid
    UNION ALL
    SELECT 'language', NULL, l.lanname, l.oid, 'pg_catalog.pg_language'::pg_catalog.regclass
    FROM pg_catalog.pg_language AS l
    UNION ALL
    SELECT 'access method', NULL, a.amname, a.oid, 'pg_catalog.pg_am'::pg_catalog.regclass
    FROM pg_catalog.pg_am AS a
)

SELECT others.kind, others.nspname::text AS schema_name, others.name::text
FROM others
WHERE
    others.oid >= 16384
    AND (others.nspname IS NULL OR others.nspname !~ '^pg_')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = others.classid AND d.objid = others.oid AND d.deptype IN ('e', 'i')
    )
ORDER BY others.kind, others.nspname, others.name;
