-- Enums, domains, ranges and stand-alone composite types, without the members of extensions.
SELECT
    t.oid,
    n.nspname::text AS schema_name,
    t.typname::text AS raw_name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) AS qualified,
    t.typtype::text,
    t.typrelid,
    (
        SELECT pg_catalog.array_agg(e.enumlabel::pg_catalog.text ORDER BY e.enumsortorder)
        FROM pg_catalog.pg_enum AS e
        WHERE e.enumtypid = t.oid
    ) AS labels,
    CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END AS base_type,
    t.typnotnull,
    k.oid AS not_null_oid,
    k.conname::text AS not_null_name,
    pg_catalog.quote_ident(k.conname) AS quoted_not_null_name,
    coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault) AS expression,
    pg_catalog.format_type(r.rngsubtype, NULL) AS subtype,
    CASE WHEN NOT o.opcdefault THEN pg_catalog.quote_ident(ons.nspname) || '.' || pg_catalog.quote_ident(o.opcname) END
        AS operator_class,
    CASE
        WHEN coalesce(r.rngcollation, t.typcollation) <> b.typcollation THEN
            CASE WHEN cn.nspname = 'pg_catalog' THEN '' ELSE pg_catalog.quote_ident(cn.nspname) || '.' END
            || pg_catalog.quote_ident(l.collname)
    END AS collation,
    CASE WHEN r.rngcanonical <> 0 THEN r.rngcanonical::pg_catalog.text END AS canonical,
    CASE WHEN r.rngsubdiff <> 0 THEN r.rngsubdiff::pg_catalog.text END AS subtype_difference,
    m.typname::text AS multirange_name,
    pg_catalog.quote_ident(mn.nspname) || '.' || pg_catalog.quote_ident(m.typname) AS multirange,
    r.rngmultitypid AS multirange_oid,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(t.typowner)) AS owner
FROM pg_catalog.pg_type AS t
INNER JOIN pg_catalog.pg_namespace AS n ON t.typnamespace = n.oid
LEFT JOIN pg_catalog.pg_class AS c ON t.typrelid = c.oid
LEFT JOIN pg_catalog.pg_range AS r ON t.oid = r.rngtypid
LEFT JOIN pg_catalog.pg_constraint AS k ON t.oid = k.contypid AND k.contype = 'n'  -- since PostgreSQL 17
LEFT JOIN pg_catalog.pg_opclass AS o ON r.rngsubopc = o.oid
LEFT JOIN pg_catalog.pg_namespace AS ons ON o.opcnamespace = ons.oid
LEFT JOIN pg_catalog.pg_type AS m ON r.rngmultitypid = m.oid
LEFT JOIN pg_catalog.pg_namespace AS mn ON m.typnamespace = mn.oid
LEFT JOIN pg_catalog.pg_type AS b ON coalesce(r.rngsubtype, t.typbasetype) = b.oid
LEFT JOIN pg_catalog.pg_collation AS l ON coalesce(r.rngcollation, t.typcollation) = l.oid
LEFT JOIN pg_catalog.pg_namespace AS cn ON l.collnamespace = cn.oid
WHERE
    n.nspname !~ '^pg_'
    AND n.nspname <> 'information_schema'
    AND (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e'
    );
