-- Tables, views, materialized views and foreign tables, without the members of extensions.
SELECT
    c.oid,
    n.nspname::text AS schema_name,
    c.relname::text AS raw_name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS qualified,
    c.relkind::text,
    c.relpersistence = 'u' AND c.relkind = 'r' AS unlogged,
    c.reloptions,
    toast.reloptions AS toast_options,
    pg_catalog.quote_ident(space.spcname) AS tablespace,
    CASE WHEN am.amname <> 'heap' OR c.relkind = 'p' THEN pg_catalog.quote_ident(am.amname) END AS access_method,
    c.relrowsecurity,
    c.relforcerowsecurity,
    c.relreplident::text,
    CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END AS partition_key,
    pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_bound,
    CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END AS of_type,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END AS view_definition,
    pg_catalog.quote_ident(s.srvname) AS server,
    f.ftoptions AS foreign_options,
    CASE WHEN c.relkind = 'v' AND (
        EXISTS (  -- beside its own rule
            SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid AND d.deptype = 'n'
        )
        OR EXISTS (
            SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.refobjid = c.reltype AND d.deptype = 'n'
        )
    ) THEN (
        SELECT pg_catalog.string_agg(
            'NULL::' || pg_catalog.format_type(a.atttypid, a.atttypmod)
            || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::pg_catalog.regcollation::text ELSE '' END
            || ' AS ' || pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum
        )
        FROM pg_catalog.pg_attribute AS a
        INNER JOIN pg_catalog.pg_type AS t ON a.atttypid = t.oid
        WHERE a.attrelid = c.oid AND a.attnum > 0
    ) END AS view_columns,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) AS owner
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_catalog.pg_class AS toast ON c.reltoastrelid = toast.oid AND toast.reloptions IS NOT NULL
LEFT JOIN pg_catalog.pg_tablespace AS space ON c.reltablespace = space.oid
LEFT JOIN pg_catalog.pg_am AS am ON c.relam = am.oid
LEFT JOIN pg_catalog.pg_foreign_table AS f ON c.oid = f.ftrelid
LEFT JOIN pg_catalog.pg_foreign_server AS s ON f.ftserver = s.oid
WHERE
    c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname !~ '^pg_'
    AND n.nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
    );
