-- The columns that take their numbers from a sequence: identity, serial, or a default that names it.
WITH RECURSIVE numbers AS (
    SELECT t.oid FROM pg_catalog.pg_type AS t
    WHERE t.oid IN (
        'pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype, 'pg_catalog.int8'::pg_catalog.regtype,
        'pg_catalog.numeric'::pg_catalog.regtype
    )
    UNION ALL
    SELECT d.oid FROM pg_catalog.pg_type AS d
    INNER JOIN numbers ON d.typtype = 'd' AND d.typbasetype = numbers.oid
)

SELECT DISTINCT
    pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) AS relation,
    a.attname::text AS column,
    pg_catalog.quote_ident(a.attname) AS quoted,
    pg_catalog.quote_ident(sn.nspname) || '.' || pg_catalog.quote_ident(s.relname) AS sequence,
    q.seqincrement AS increment
FROM (
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number
    FROM pg_catalog.pg_depend AS d
    WHERE
        d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.deptype = 'i'
    UNION ALL
    SELECT d.refobjid, f.adrelid, f.adnum
    FROM pg_catalog.pg_depend AS d
    INNER JOIN pg_catalog.pg_attrdef AS f ON d.objid = f.oid
    WHERE
        d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
) AS use
INNER JOIN pg_catalog.pg_sequence AS q ON use.sequence = q.seqrelid
INNER JOIN pg_catalog.pg_class AS s ON use.sequence = s.oid
INNER JOIN pg_catalog.pg_namespace AS sn ON s.relnamespace = sn.oid
INNER JOIN pg_catalog.pg_class AS t ON use.relation = t.oid
INNER JOIN pg_catalog.pg_namespace AS tn ON t.relnamespace = tn.oid
INNER JOIN pg_catalog.pg_attribute AS a ON t.oid = a.attrelid AND use.number = a.attnum
WHERE
    NOT q.seqcycle
    AND t.relkind IN ('r', 'p')
    AND t.relname <> ALL(%(hidden)s)
    AND a.atttypid IN (SELECT numbers.oid FROM numbers)
ORDER BY 1, 2;
