-- What no snapshot describes and a migration may change all the same, each thing with what is known of it, to be
-- compared with itself later. Nothing of the whole server: others change that meanwhile.
SELECT
    'database setting' AS kind,
    pg_catalog.split_part(setting.text, '=', 1)
    || CASE WHEN s.setrole = 0 THEN '' ELSE ' of ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.setrole)) END AS identity,
    'ALTER DATABASE … SET ' || setting.text || ';' AS sql
FROM pg_catalog.pg_db_role_setting AS s
CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS setting (text)
WHERE s.setdatabase = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
UNION ALL
SELECT
    'database right',
    acl.privilege_type || ' to ' || coalesce(r.rolname::text, 'PUBLIC'),
    'GRANT ' || acl.privilege_type || ' ON DATABASE … TO ' || coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC')
    || CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION;' ELSE ';' END
FROM pg_catalog.pg_database AS d
CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) AS acl
LEFT JOIN pg_catalog.pg_roles AS r ON acl.grantee = r.oid
WHERE d.datname = pg_catalog.current_database() AND (acl.grantee = 0 OR r.oid IS NOT NULL)
UNION ALL
SELECT
    'database property',
    property.name,
    'ALTER DATABASE … ' || property.name || ' ' || property.value || ';'
FROM pg_catalog.pg_database AS d
CROSS JOIN LATERAL (
    VALUES ('IS_TEMPLATE', d.datistemplate::text), ('CONNECTION LIMIT', d.datconnlimit::text)
) AS property (name, value)
WHERE d.datname = pg_catalog.current_database()
UNION ALL
SELECT 'database owner', 'of the database', 'ALTER DATABASE … OWNER TO ' || pg_catalog.pg_get_userbyid(d.datdba)::text || ';'
FROM pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database()
UNION ALL
SELECT 'comment', 'on the database', 'COMMENT ON DATABASE … IS ' || pg_catalog.quote_literal(c.description) || ';'
FROM pg_catalog.pg_shdescription AS c
INNER JOIN pg_catalog.pg_database AS d ON c.objoid = d.oid AND c.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass
WHERE d.datname = pg_catalog.current_database()
UNION ALL
SELECT
    'foreign table',
    t.ftrelid::pg_catalog.regclass::text,
    'CREATE FOREIGN TABLE ' || t.ftrelid::pg_catalog.regclass::text || ' (' || (
        SELECT pg_catalog.string_agg(
            pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum
        )
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = t.ftrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) || ') OPTIONS (' || coalesce(pg_catalog.array_to_string(t.ftoptions, ', '), '') || ');'
FROM pg_catalog.pg_foreign_table AS t
UNION ALL
SELECT
    'text search mapping',
    m.mapcfg::pg_catalog.regconfig::text,
    'ALTER TEXT SEARCH CONFIGURATION ' || m.mapcfg::pg_catalog.regconfig::text || ' … '
    || pg_catalog.string_agg(m.maptokentype || ' WITH ' || m.mapdict::pg_catalog.regdictionary::text, ', '
        ORDER BY m.maptokentype, m.mapseqno) || ';'
FROM pg_catalog.pg_ts_config_map AS m
WHERE m.mapcfg >= 16384
GROUP BY m.mapcfg
UNION ALL
SELECT 'extension version', pg_catalog.quote_ident(e.extname), 'ALTER EXTENSION ' || pg_catalog.quote_ident(e.extname) || ' UPDATE TO '
    || pg_catalog.quote_literal(e.extversion) || ';'
FROM pg_catalog.pg_extension AS e
UNION ALL
SELECT 'owner', 'of schema public', 'ALTER SCHEMA public OWNER TO ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(n.nspowner)) || ';'
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname = 'public'
UNION ALL
SELECT 'extension dependency', o.identity || ' on ' || pg_catalog.quote_ident(e.extname),
    'ALTER ' || upper(o.type) || ' ' || o.identity || ' DEPENDS ON EXTENSION ' || pg_catalog.quote_ident(e.extname) || ';'
FROM pg_catalog.pg_depend AS d
INNER JOIN pg_catalog.pg_extension AS e ON d.refobjid = e.oid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) AS o
WHERE d.deptype = 'x'
UNION ALL
-- of what the catalog describes, comments are read with it
SELECT 'comment', 'on ' || o.type || ' ' || o.identity,
    'COMMENT ON ' || upper(o.type) || ' ' || o.identity || ' IS ' || pg_catalog.quote_literal(d.description) || ';'
FROM pg_catalog.pg_description AS d
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) AS o
WHERE
    (d.objoid >= 16384 OR d.classoid = 2613)  -- the number of a large object is anybody's choice
    AND d.classoid NOT IN (1247, 1255, 1259, 2606, 2615, 2618, 2620, 3256, 3381, 3466)
UNION ALL
-- rights on what came with the server or an extension, where they are not as they came
SELECT 'right', 'on ' || o.type || ' ' || o.identity,
    'rights on ' || o.type || ' ' || o.identity || ': '
    || (SELECT pg_catalog.string_agg(a::text, ' ' ORDER BY a::text) FROM pg_catalog.unnest(secured.acl) AS a) || ';'
FROM (
    SELECT 1255 AS class, p.oid, 0 AS part, p.proacl AS acl FROM pg_catalog.pg_proc AS p
    WHERE p.proacl IS NOT NULL
    UNION ALL
    SELECT 1259, c.oid, 0, c.relacl FROM pg_catalog.pg_class AS c
    WHERE c.relacl IS NOT NULL
    UNION ALL
    SELECT 1259, t.attrelid, t.attnum, t.attacl FROM pg_catalog.pg_attribute AS t
    WHERE t.attrelid < 16384 AND t.attacl IS NOT NULL
    UNION ALL
    SELECT 1247, y.oid, 0, y.typacl FROM pg_catalog.pg_type AS y
    WHERE y.typacl IS NOT NULL
    UNION ALL
    SELECT 2612, l.oid, 0, l.lanacl FROM pg_catalog.pg_language AS l
    WHERE l.lanacl IS NOT NULL
) AS secured
LEFT JOIN pg_catalog.pg_init_privs AS i ON secured.class = i.classoid AND secured.oid = i.objoid AND secured.part = i.objsubid
CROSS JOIN LATERAL pg_catalog.pg_identify_object(secured.class, secured.oid, secured.part) AS o
WHERE
    secured.acl IS DISTINCT FROM i.initprivs
    AND (
        secured.oid < 16384
        OR EXISTS (
            SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.classid = secured.class AND d.objid = secured.oid AND d.deptype = 'e'
        )
    )
UNION ALL
-- only a superuser may read the catalog of their contents
SELECT 'large object', 'contents of ' || m.oid, 'large object ' || m.oid || ': ' || CASE
    WHEN pg_catalog.pg_has_role(m.lomowner, 'USAGE') THEN pg_catalog.md5(pg_catalog.lo_get(m.oid)) ELSE 'unreadable'
END || ';'
FROM pg_catalog.pg_largeobject_metadata AS m;
