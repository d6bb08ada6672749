-- Who uses whom around some objects: a view its tables, a foreign key the other table, a table the type of a column, a
-- partition its parent, a column its sequence. The first one's SQL may name the second; `owned` is a sequence of a column.
WITH parts AS MATERIALIZED (
    SELECT p.oid FROM pg_catalog.unnest(%(oids)s::oid[]) AS p (oid)
    UNION
    SELECT i.indexrelid FROM pg_catalog.pg_index AS i
    WHERE i.indrelid = ANY(%(oids)s)
    UNION
    SELECT k.oid FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = ANY(%(oids)s) OR k.contypid = ANY(%(oids)s)
    UNION
    SELECT c.reltype FROM pg_catalog.pg_class AS c
    WHERE c.oid = ANY(%(oids)s)
    UNION
    SELECT t.typarray FROM pg_catalog.pg_type AS t
    WHERE t.typrelid = ANY(%(oids)s) OR t.oid = ANY(%(oids)s)
    UNION
    SELECT w.oid FROM pg_catalog.pg_rewrite AS w
    WHERE w.ev_class = ANY(%(oids)s)
    UNION
    SELECT a.oid FROM pg_catalog.pg_attrdef AS a
    WHERE a.adrelid = ANY(%(oids)s)
    UNION
    SELECT t.oid FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = ANY(%(oids)s)
    UNION
    SELECT p.oid FROM pg_catalog.pg_policy AS p
    WHERE p.polrelid = ANY(%(oids)s)
    UNION
    SELECT s.oid FROM pg_catalog.pg_statistic_ext AS s
    WHERE s.stxrelid = ANY(%(oids)s)
),

edges AS (
    SELECT d.classid, d.objid, d.refclassid, d.refobjid, d.refobjsubid, d.deptype
    FROM parts
    CROSS JOIN LATERAL (
        SELECT * FROM pg_catalog.pg_depend AS d
        WHERE d.refclassid IN (1247, 1255, 1259, 2606) AND d.refobjid = parts.oid AND d.objid >= 16384
        OFFSET 0  -- by the index, however many parts the planner expects
    ) AS d
    UNION
    SELECT d.classid, d.objid, d.refclassid, d.refobjid, d.refobjsubid, d.deptype
    FROM parts
    CROSS JOIN LATERAL (
        SELECT * FROM pg_catalog.pg_depend AS d
        WHERE
            d.classid IN (1247, 1255, 1259, 2604, 2606, 2618, 2620, 3256, 3381)
            AND d.objid = parts.oid
            AND d.refobjid >= 16384
        OFFSET 0
    ) AS d
),

pairs AS (
    SELECT
        coalesce(
            w.ev_class, nullif(k.conrelid, 0), k.contypid, a.adrelid, t.tgrelid, p.polrelid, i.indrelid, s.stxrelid,
            nullif(ot.typrelid, 0), e.objid
        ) AS user_oid,
        coalesce(
            nullif(rt.typrelid, 0), nullif(et.typrelid, 0), et.oid, nullif(rk.conrelid, 0), ri.indrelid, e.refobjid
        ) AS used_oid,
        e.classid = 1259 AND e.refclassid = 1259 AND e.refobjsubid > 0 AND e.deptype IN ('a', 'i') AS owned
    FROM edges AS e
    LEFT JOIN pg_catalog.pg_rewrite AS w ON e.classid = 2618 AND e.objid = w.oid
    LEFT JOIN pg_catalog.pg_constraint AS k ON e.classid = 2606 AND e.objid = k.oid
    LEFT JOIN pg_catalog.pg_attrdef AS a ON e.classid = 2604 AND e.objid = a.oid
    LEFT JOIN pg_catalog.pg_trigger AS t ON e.classid = 2620 AND e.objid = t.oid
    LEFT JOIN pg_catalog.pg_policy AS p ON e.classid = 3256 AND e.objid = p.oid
    LEFT JOIN pg_catalog.pg_index AS i ON e.classid = 1259 AND e.objid = i.indexrelid
    LEFT JOIN pg_catalog.pg_statistic_ext AS s ON e.classid = 3381 AND e.objid = s.oid
    LEFT JOIN pg_catalog.pg_type AS ot ON e.classid = 1247 AND e.objid = ot.oid
    LEFT JOIN pg_catalog.pg_type AS rt ON e.refclassid = 1247 AND e.refobjid = rt.oid
    LEFT JOIN pg_catalog.pg_type AS et ON rt.typelem = et.oid AND rt.typlen = -1
    LEFT JOIN pg_catalog.pg_constraint AS rk ON e.refclassid = 2606 AND e.refobjid = rk.oid
    LEFT JOIN pg_catalog.pg_index AS ri ON e.refclassid = 1259 AND e.refobjid = ri.indexrelid
)

SELECT pairs.user_oid::bigint, pairs.used_oid::bigint, bool_or(pairs.owned)
FROM pairs
WHERE pairs.user_oid <> pairs.used_oid
GROUP BY pairs.user_oid, pairs.used_oid;
