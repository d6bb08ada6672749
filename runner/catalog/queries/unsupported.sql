-- What the catalogue does not describe yet, so that nobody takes silence for sameness. Members of extensions
-- come with them, and a range brings its own casts.
WITH others AS (
    SELECT 'foreign table' AS kind, n.nspname, c.relname AS name, c.oid, 'pg_catalog.pg_class'::pg_catalog.regclass AS classid
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE c.relkind = 'f'
    UNION ALL
    SELECT 'base type', n.nspname, t.typname, t.oid, 'pg_catalog.pg_type'::pg_catalog.regclass
    FROM pg_catalog.pg_type AS t
    INNER JOIN pg_catalog.pg_namespace AS n ON t.typnamespace = n.oid
    WHERE t.typtype IN ('b', 'p') AND t.oid >= 16384 AND NOT (t.typelem <> 0 AND t.typlen = -1)
    UNION ALL
    SELECT 'operator', n.nspname, o.oprname, o.oid, 'pg_catalog.pg_operator'::pg_catalog.regclass
    FROM pg_catalog.pg_operator AS o
    INNER JOIN pg_catalog.pg_namespace AS n ON o.oprnamespace = n.oid
    UNION ALL
    SELECT 'operator class', n.nspname, o.opcname, o.oid, 'pg_catalog.pg_opclass'::pg_catalog.regclass
    FROM pg_catalog.pg_opclass AS o
    INNER JOIN pg_catalog.pg_namespace AS n ON o.opcnamespace = n.oid
    UNION ALL
    SELECT 'conversion', n.nspname, c.conname, c.oid, 'pg_catalog.pg_conversion'::pg_catalog.regclass
    FROM pg_catalog.pg_conversion AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.connamespace = n.oid
    UNION ALL
    SELECT 'text search configuration', n.nspname, c.cfgname, c.oid, 'pg_catalog.pg_ts_config'::pg_catalog.regclass
    FROM pg_catalog.pg_ts_config AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.cfgnamespace = n.oid
    UNION ALL
    SELECT 'text search dictionary', n.nspname, d.dictname, d.oid, 'pg_catalog.pg_ts_dict'::pg_catalog.regclass
    FROM pg_catalog.pg_ts_dict AS d
    INNER JOIN pg_catalog.pg_namespace AS n ON d.dictnamespace = n.oid
    UNION ALL
    SELECT 'cast', NULL, c.castsource::pg_catalog.regtype::pg_catalog.text || ' as ' || c.casttarget::pg_catalog.regtype::pg_catalog.text,
        c.oid, 'pg_catalog.pg_cast'::pg_catalog.regclass
    FROM pg_catalog.pg_cast AS c
    WHERE c.castmethod <> 'b' OR c.castfunc <> 0
    UNION ALL
    SELECT 'language', NULL, l.lanname, l.oid, 'pg_catalog.pg_language'::pg_catalog.regclass
    FROM pg_catalog.pg_language AS l
    UNION ALL
    SELECT 'access method', NULL, a.amname, a.oid, 'pg_catalog.pg_am'::pg_catalog.regclass
    FROM pg_catalog.pg_am AS a
    UNION ALL
    SELECT 'foreign data wrapper', NULL, w.fdwname, w.oid, 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass
    FROM pg_catalog.pg_foreign_data_wrapper AS w
    UNION ALL
    SELECT 'foreign server', NULL, s.srvname, s.oid, 'pg_catalog.pg_foreign_server'::pg_catalog.regclass
    FROM pg_catalog.pg_foreign_server AS s
    UNION ALL
    SELECT 'publication', NULL, p.pubname, p.oid, 'pg_catalog.pg_publication'::pg_catalog.regclass
    FROM pg_catalog.pg_publication AS p
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
