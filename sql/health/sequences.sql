-- Sequences, those nearest to their end first; of a serial column the column's type is the end.
-- worry: at the end every INSERT fails. A serial column of type integer holds 2.1 billion.
-- do: change the column to bigint in a migration while there is time: ALTER TABLE ... TYPE bigint rewrites the table;
--   for a large one add a bigint column and fill it with -- batch:.
-- warn: used_percent > 70
-- problem: used_percent > 90
-- labels: schema, sequence
SELECT
    n.nspname::text AS schema,
    c.relname::text AS sequence,
    pg_catalog.round(100.0 * v.last_value / o.ends_at, 1) AS used_percent,
    v.last_value,
    o.ends_at,
    o.owner
FROM pg_catalog.pg_sequence AS q
INNER JOIN pg_catalog.pg_class AS c ON q.seqrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.max(t.relname || '.' || a.attname) AS owner,
        least(q.seqmax, pg_catalog.min(CASE a.atttypid
            WHEN 'pg_catalog.int2'::pg_catalog.regtype THEN 32767
            WHEN 'pg_catalog.int4'::pg_catalog.regtype THEN 2147483647
        END)) AS ends_at
    FROM pg_catalog.pg_depend AS d
    INNER JOIN pg_catalog.pg_class AS t ON d.refobjid = t.oid
    INNER JOIN pg_catalog.pg_attribute AS a ON t.oid = a.attrelid AND d.refobjsubid = a.attnum
    WHERE
        d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.objid = c.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.deptype IN ('a', 'i')
) AS o
-- without the right to read a sequence its value is NULL here
INNER JOIN pg_catalog.pg_sequences AS v ON n.nspname = v.schemaname AND c.relname = v.sequencename
WHERE q.seqincrement > 0 AND NOT q.seqcycle AND c.relpersistence <> 't'
ORDER BY used_percent DESC NULLS LAST, n.nspname ASC, c.relname ASC
LIMIT 50;
