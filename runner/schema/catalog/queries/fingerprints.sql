-- For each relation, function and type a number that changes with any row of the system catalogs that belongs to it:
-- with its own, its columns', constraints', indexes', comments' and so on. xmin names the transaction that wrote a row.
-- Class 0 stands for what belongs to none: schemas, extensions, event triggers, default privileges, and the kinds of
-- definitions.py.
WITH relations AS MATERIALIZED (
    SELECT
        c.oid AS part,
        CASE c.relkind WHEN 'c' THEN 1247 ELSE 1259 END AS class,
        CASE c.relkind WHEN 'c' THEN c.reltype ELSE c.oid END AS top
    FROM pg_catalog.pg_class AS c
    WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    UNION ALL
    SELECT i.indexrelid, 1259, i.indrelid FROM pg_catalog.pg_index AS i
    WHERE i.indexrelid >= 16384
    UNION ALL
    SELECT c.reltoastrelid, 1259, c.oid FROM pg_catalog.pg_class AS c
    WHERE c.oid >= 16384 AND c.reltoastrelid <> 0
),

constraints AS MATERIALIZED (
    SELECT
        c.oid AS part,
        CASE c.conrelid WHEN 0 THEN 1247 ELSE 1259 END AS class,
        CASE c.conrelid WHEN 0 THEN c.contypid ELSE c.conrelid END AS top,
        c.xmin::text::bigint AS version
    FROM pg_catalog.pg_constraint AS c
    WHERE c.oid >= 16384
),

others AS MATERIALIZED (
    SELECT t.oid AS part, t.tgrelid AS top, t.xmin::text::bigint AS version FROM pg_catalog.pg_trigger AS t
    WHERE NOT t.tgisinternal OR t.tgconstraint = 0
    UNION ALL  -- of a foreign key's own it is only described that they are switched off
    SELECT t.oid, coalesce(whole.conrelid, c.conrelid), t.xmin::text::bigint
    FROM pg_catalog.pg_trigger AS t
    INNER JOIN pg_catalog.pg_constraint AS c ON t.tgconstraint = c.oid
    LEFT JOIN pg_catalog.pg_constraint AS whole ON c.conparentid = whole.oid
    WHERE t.tgisinternal AND t.tgenabled <> 'O'
    UNION ALL
    SELECT r.oid, r.ev_class, r.xmin::text::bigint FROM pg_catalog.pg_rewrite AS r
    WHERE r.oid >= 16384
    UNION ALL
    SELECT p.oid, p.polrelid, p.xmin::text::bigint FROM pg_catalog.pg_policy AS p
    UNION ALL
    SELECT s.oid, s.stxrelid, s.xmin::text::bigint FROM pg_catalog.pg_statistic_ext AS s
    UNION ALL
    SELECT d.oid, d.adrelid, d.xmin::text::bigint FROM pg_catalog.pg_attrdef AS d
),

rows AS (
    SELECT r.class, r.top, c.oid::bigint AS part, c.xmin::text::bigint AS version
    FROM relations AS r
    INNER JOIN pg_catalog.pg_class AS c ON r.part = c.oid
    UNION ALL
    SELECT r.class, r.top, a.attnum::bigint, a.xmin::text::bigint
    FROM relations AS r
    INNER JOIN pg_catalog.pg_attribute AS a ON r.part = a.attrelid
    WHERE a.attnum > 0
    UNION ALL
    SELECT 1259, i.indrelid, i.indexrelid::bigint, i.xmin::text::bigint FROM pg_catalog.pg_index AS i
    WHERE i.indexrelid >= 16384
    UNION ALL
    SELECT 1259, i.inhrelid, i.inhparent::bigint, i.xmin::text::bigint FROM pg_catalog.pg_inherits AS i
    UNION ALL
    SELECT 1259, s.seqrelid, 0::bigint, s.xmin::text::bigint FROM pg_catalog.pg_sequence AS s
    UNION ALL
    SELECT 1259, d.objid, d.refobjid::bigint * 1600 + d.refobjsubid, d.xmin::text::bigint
    FROM pg_catalog.pg_sequence AS s
    INNER JOIN pg_catalog.pg_depend AS d ON s.seqrelid = d.objid AND d.classid = 1259 AND d.deptype IN ('a', 'i')
    UNION ALL
    SELECT c.class, c.top, c.part::bigint, c.version FROM constraints AS c
    UNION ALL
    SELECT 1259, o.top, o.part::bigint, o.version FROM others AS o
    WHERE o.top >= 16384
    UNION ALL
    SELECT 1255, p.oid, p.oid::bigint, p.xmin::text::bigint FROM pg_catalog.pg_proc AS p
    WHERE p.oid >= 16384
    UNION ALL
    SELECT 1247, t.oid, t.oid::bigint, t.xmin::text::bigint FROM pg_catalog.pg_type AS t
    WHERE t.oid >= 16384 AND (t.typtype IN ('e', 'd', 'r') OR t.typrelid IN (SELECT r.part FROM relations AS r WHERE r.class = 1247))
    UNION ALL
    SELECT 1247, e.enumtypid, e.oid::bigint, e.xmin::text::bigint FROM pg_catalog.pg_enum AS e
    WHERE e.oid >= 16384
    UNION ALL
    SELECT
        coalesce(r.class, c.class, CASE WHEN o.top IS NOT NULL THEN 1259 END, CASE
            WHEN d.classoid IN (1247, 1255) THEN d.classoid::int
        END, 0),
        coalesce(r.top, c.top, o.top, CASE WHEN d.classoid IN (1247, 1255) THEN d.objoid ELSE 0 END),
        d.objoid::bigint * 1600 + d.objsubid,
        d.xmin::text::bigint
    FROM pg_catalog.pg_description AS d
    LEFT JOIN relations AS r ON d.classoid = 1259 AND d.objoid = r.part
    LEFT JOIN constraints AS c ON d.classoid = 2606 AND d.objoid = c.part
    LEFT JOIN others AS o ON d.classoid NOT IN (1247, 1255, 1259, 2606) AND d.objoid = o.part
    WHERE d.objoid >= 16384 OR d.classoid = 2615
    UNION ALL
    SELECT 0, 0, n.oid::bigint, n.xmin::text::bigint FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_(temp|toast)'
    UNION ALL
    SELECT 0, 0, e.oid::bigint, e.xmin::text::bigint FROM pg_catalog.pg_extension AS e
    UNION ALL  -- what joins or leaves an extension is described or not, and its own row stays
    SELECT 0, 0, d.objid::bigint, d.xmin::text::bigint FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = 3079 AND d.deptype = 'e'
    UNION ALL
    SELECT 0, 0, e.oid::bigint, e.xmin::text::bigint FROM pg_catalog.pg_event_trigger AS e
    UNION ALL
    SELECT 0, 0, d.oid::bigint, d.xmin::text::bigint FROM pg_catalog.pg_default_acl AS d
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_collation AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_cast AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_operator AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_opfamily AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_opclass AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_amop AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_amproc AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_ts_parser AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_ts_template AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_ts_dict AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_ts_config AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_foreign_data_wrapper AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_foreign_server AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_publication AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, o.oid::bigint, o.xmin::text::bigint FROM pg_catalog.pg_publication_rel AS o
    WHERE o.oid >= 16384
    UNION ALL
    SELECT 0, 0, m.mapcfg::bigint * 1600 + m.maptokentype * 40 + m.mapseqno, m.xmin::text::bigint FROM pg_catalog.pg_ts_config_map AS m
    WHERE m.mapcfg >= 16384
    UNION ALL  -- the schemas of publications, whose catalog PostgreSQL 14 does not have
    SELECT 0, 0, d.objid::bigint, d.xmin::text::bigint FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 6237
    UNION ALL  -- the catalog itself is a superuser's to read, and a mapping is described without its options
    SELECT 0, 0, u.umid::bigint, u.srvid::bigint FROM pg_catalog.pg_user_mappings AS u
    UNION ALL
    SELECT 1259, f.ftrelid, 0::bigint, f.xmin::text::bigint FROM pg_catalog.pg_foreign_table AS f
)

SELECT
    rows.class,
    rows.top::bigint,
    sum(pg_catalog.hashint8extended(rows.part, rows.version))::text
FROM rows
GROUP BY rows.class, rows.top;
