-- What must exist before what, as far as a parent does not already say so. A default stands for its table, a rewrite
-- rule for its view, a row type for its table, an array for its element and a multirange for its range.
WITH edges AS (
    SELECT d.classid, d.objid, d.refclassid, d.refobjid
    FROM pg_catalog.pg_depend AS d
    WHERE
        d.deptype = 'n'
        AND d.objid >= 16384
        AND d.refobjid >= 16384
        AND d.refclassid <> 'pg_catalog.pg_namespace'::pg_catalog.regclass
),

types AS (
    SELECT
        t.oid,
        coalesce(r.rngtypid, e.oid, t.oid) AS base,
        CASE WHEN c.relkind <> 'c' THEN c.oid END AS relation
    FROM pg_catalog.pg_type AS t
    LEFT JOIN pg_catalog.pg_type AS e ON t.typelem = e.oid AND t.typlen = -1
    LEFT JOIN pg_catalog.pg_class AS c ON coalesce(nullif(t.typrelid, 0), e.typrelid) = c.oid
    LEFT JOIN pg_catalog.pg_range AS r ON t.oid = r.rngmultitypid
    WHERE t.oid >= 16384
),

composites AS (
    SELECT c.oid, c.reltype FROM pg_catalog.pg_class AS c
    WHERE c.relkind = 'c' AND c.oid >= 16384
)

SELECT DISTINCT
    CASE
        WHEN a.oid IS NOT NULL OR r.oid IS NOT NULL THEN 'pg_catalog.pg_class'::pg_catalog.regclass
        WHEN o.oid IS NOT NULL THEN 'pg_catalog.pg_type'::pg_catalog.regclass
        ELSE edges.classid
    END::pg_catalog.oid AS classid,
    coalesce(a.adrelid, r.ev_class, o.reltype, edges.objid) AS objid,
    CASE
        WHEN t.relation IS NOT NULL THEN 'pg_catalog.pg_class'::pg_catalog.regclass
        WHEN ro.oid IS NOT NULL THEN 'pg_catalog.pg_type'::pg_catalog.regclass
        ELSE edges.refclassid
    END::pg_catalog.oid AS refclassid,
    coalesce(t.relation, t.base, ro.reltype, edges.refobjid) AS refobjid,
    a.adnum AS default_column
FROM edges
LEFT JOIN pg_catalog.pg_attrdef AS a
    ON edges.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND edges.objid = a.oid
LEFT JOIN pg_catalog.pg_rewrite AS r
    ON edges.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND edges.objid = r.oid AND r.rulename = '_RETURN'
LEFT JOIN composites AS o ON edges.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND edges.objid = o.oid
LEFT JOIN types AS t ON edges.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND edges.refobjid = t.oid
LEFT JOIN composites AS ro ON edges.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND edges.refobjid = ro.oid;
