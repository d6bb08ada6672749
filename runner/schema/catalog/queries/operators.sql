-- Casts, operators, operator families and operator classes.
-- A family's loose members and a class's own are distinguished as pg_dump does, by pg_depend.
WITH members AS (
    SELECT
        d.refclassid AS catalog,
        d.refobjid AS oid,
        'OPERATOR ' || o.amopstrategy::text || ' ' || o.amopopr::pg_catalog.regoperator::text
        || CASE WHEN o.amopsortfamily = 0 THEN '' ELSE ' FOR ORDER BY ' || (
            SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(f.opfname)
            FROM pg_catalog.pg_opfamily AS f
            INNER JOIN pg_catalog.pg_namespace AS n ON f.opfnamespace = n.oid
            WHERE f.oid = o.amopsortfamily
        ) END AS sql,
        1 AS place,
        o.amopstrategy AS number,
        ARRAY['pg_catalog.pg_operator'::pg_catalog.regclass::bigint, o.amopopr::bigint] AS needs
    FROM pg_catalog.pg_amop AS o
    INNER JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_amop'::pg_catalog.regclass AND o.oid = d.objid
    WHERE o.oid >= 16384
    UNION ALL
    SELECT
        d.refclassid,
        d.refobjid,
        'FUNCTION ' || p.amprocnum::text || ' ('
        || pg_catalog.format_type(p.amproclefttype, NULL) || ', ' || pg_catalog.format_type(p.amprocrighttype, NULL) || ') '
        || p.amproc::pg_catalog.regprocedure::text,
        2,
        p.amprocnum,
        ARRAY['pg_catalog.pg_proc'::pg_catalog.regclass::bigint, p.amproc::bigint]
    FROM pg_catalog.pg_amproc AS p
    INNER JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_amproc'::pg_catalog.regclass AND p.oid = d.objid
    WHERE p.oid >= 16384
),

lists AS (
    SELECT
        m.catalog,
        m.oid,
        pg_catalog.string_agg(E'\n    ' || m.sql, ',' ORDER BY m.place, m.number, m.sql) AS sql,
        pg_catalog.array_agg(m.needs) AS needs
    FROM members AS m
    WHERE m.catalog IN ('pg_catalog.pg_opclass'::pg_catalog.regclass, 'pg_catalog.pg_opfamily'::pg_catalog.regclass)
    GROUP BY m.catalog, m.oid
)

SELECT
    'pg_catalog.pg_cast'::pg_catalog.regclass::pg_catalog.oid AS catalog,
    c.oid,
    'cast' AS kind,
    NULL::text AS schema_name,
    names.identity,
    'CREATE CAST ' || names.identity || CASE c.castmethod
        WHEN 'f' THEN ' WITH FUNCTION ' || c.castfunc::pg_catalog.regprocedure::text
        WHEN 'i' THEN ' WITH INOUT'
        ELSE ' WITHOUT FUNCTION'
    END || CASE c.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' ELSE '' END AS sql,
    NULL::text[] AS options,
    NULL::text AS owner,
    NULL::bigint[] AS within,
    NULL::bigint[] AS needs
FROM pg_catalog.pg_cast AS c
CROSS JOIN LATERAL (
    SELECT
        '(' || pg_catalog.format_type(c.castsource, NULL) || ' AS ' || pg_catalog.format_type(c.casttarget, NULL) || ')'
            AS identity
) AS names
WHERE c.oid >= 16384
UNION ALL
SELECT
    'pg_catalog.pg_operator'::pg_catalog.regclass,
    o.oid,
    'operator',
    n.nspname,
    pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || ' ('
    || CASE o.oprleft WHEN 0 THEN 'NONE' ELSE pg_catalog.format_type(o.oprleft, NULL) END
    || ', ' || pg_catalog.format_type(o.oprright, NULL) || ')',
    'CREATE OPERATOR ' || pg_catalog.quote_ident(n.nspname) || '.' || o.oprname || E' (\n    ' || pg_catalog.concat_ws(
        E',\n    ',
        'FUNCTION = ' || o.oprcode::text,
        CASE WHEN o.oprleft <> 0 THEN 'LEFTARG = ' || pg_catalog.format_type(o.oprleft, NULL) END,
        'RIGHTARG = ' || pg_catalog.format_type(o.oprright, NULL),
        'COMMUTATOR = ' || (
            SELECT 'OPERATOR(' || pg_catalog.quote_ident(other_n.nspname) || '.' || other.oprname || ')'
            FROM pg_catalog.pg_operator AS other
            INNER JOIN pg_catalog.pg_namespace AS other_n ON other.oprnamespace = other_n.oid
            WHERE other.oid = o.oprcom
        ),
        'NEGATOR = ' || (
            SELECT 'OPERATOR(' || pg_catalog.quote_ident(other_n.nspname) || '.' || other.oprname || ')'
            FROM pg_catalog.pg_operator AS other
            INNER JOIN pg_catalog.pg_namespace AS other_n ON other.oprnamespace = other_n.oid
            WHERE other.oid = o.oprnegate
        ),
        CASE WHEN o.oprrest <> 0 THEN 'RESTRICT = ' || o.oprrest::text END,
        CASE WHEN o.oprjoin <> 0 THEN 'JOIN = ' || o.oprjoin::text END,
        CASE WHEN o.oprcanhash THEN 'HASHES' END,
        CASE WHEN o.oprcanmerge THEN 'MERGES' END
    ) || E'\n)',
    NULL,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.oprowner)),
    NULL,
    NULL
FROM pg_catalog.pg_operator AS o
INNER JOIN pg_catalog.pg_namespace AS n ON o.oprnamespace = n.oid
WHERE o.oid >= 16384 AND o.oprcode <> 0  -- 0: only named as the commutator or negator of another
UNION ALL
SELECT
    'pg_catalog.pg_opfamily'::pg_catalog.regclass,
    f.oid,
    'operator family',
    n.nspname,
    names.identity,
    'CREATE OPERATOR FAMILY ' || names.identity
    || coalesce(E';\nALTER OPERATOR FAMILY ' || names.identity || ' ADD' || lists.sql, ''),
    NULL,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(f.opfowner)),
    NULL,
    lists.needs
FROM pg_catalog.pg_opfamily AS f
INNER JOIN pg_catalog.pg_namespace AS n ON f.opfnamespace = n.oid
INNER JOIN pg_catalog.pg_am AS a ON f.opfmethod = a.oid
LEFT JOIN lists ON f.oid = lists.oid AND lists.catalog = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(f.opfname)
        || ' USING ' || pg_catalog.quote_ident(a.amname) AS identity
) AS names
WHERE f.oid >= 16384
UNION ALL
SELECT
    'pg_catalog.pg_opclass'::pg_catalog.regclass,
    o.oid,
    'operator class',
    n.nspname,
    names.qualified || ' USING ' || pg_catalog.quote_ident(a.amname),
    'CREATE OPERATOR CLASS ' || names.qualified || E'\n    ' || CASE WHEN o.opcdefault THEN 'DEFAULT ' ELSE '' END
    || 'FOR TYPE ' || pg_catalog.format_type(o.opcintype, NULL) || ' USING ' || pg_catalog.quote_ident(a.amname)
    || ' FAMILY ' || pg_catalog.quote_ident(fn.nspname) || '.' || pg_catalog.quote_ident(f.opfname) || ' AS'
    || pg_catalog.concat_ws(
        ',',
        lists.sql,
        CASE
            WHEN o.opckeytype <> 0 OR lists.sql IS NULL THEN
                E'\n    STORAGE ' || pg_catalog.format_type(coalesce(nullif(o.opckeytype, 0), o.opcintype), NULL)
        END
    ),
    NULL,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.opcowner)),
    NULL,
    ARRAY[ARRAY['pg_catalog.pg_opfamily'::pg_catalog.regclass::bigint, f.oid::bigint]] || coalesce(lists.needs, ARRAY[]::bigint[])
FROM pg_catalog.pg_opclass AS o
INNER JOIN pg_catalog.pg_namespace AS n ON o.opcnamespace = n.oid
INNER JOIN pg_catalog.pg_am AS a ON o.opcmethod = a.oid
INNER JOIN pg_catalog.pg_opfamily AS f ON o.opcfamily = f.oid
INNER JOIN pg_catalog.pg_namespace AS fn ON f.opfnamespace = fn.oid
LEFT JOIN lists ON o.oid = lists.oid AND lists.catalog = 'pg_catalog.pg_opclass'::pg_catalog.regclass
CROSS JOIN LATERAL (
    SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.opcname) AS qualified
) AS names
WHERE o.oid >= 16384
