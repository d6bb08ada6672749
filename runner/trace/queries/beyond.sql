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
    'publication',
    pg_catalog.quote_ident(p.pubname),
    'CREATE PUBLICATION ' || pg_catalog.quote_ident(p.pubname)
    || CASE WHEN p.puballtables THEN ' FOR ALL TABLES' ELSE coalesce(' FOR TABLE ' || (
        SELECT pg_catalog.string_agg(r.prrelid::pg_catalog.regclass::text, ', ' ORDER BY r.prrelid::pg_catalog.regclass::text)
        FROM pg_catalog.pg_publication_rel AS r
        WHERE r.prpubid = p.oid
    ), '') END
    || ' WITH (publish = ''' || pg_catalog.concat_ws(
        ', ',
        CASE WHEN p.pubinsert THEN 'insert' END,
        CASE WHEN p.pubupdate THEN 'update' END,
        CASE WHEN p.pubdelete THEN 'delete' END,
        CASE WHEN p.pubtruncate THEN 'truncate' END
    ) || ''');'
FROM pg_catalog.pg_publication AS p
UNION ALL
SELECT
    'foreign server',
    pg_catalog.quote_ident(s.srvname),
    'CREATE SERVER ' || pg_catalog.quote_ident(s.srvname) || ' … OPTIONS ('
    || coalesce(pg_catalog.array_to_string(s.srvoptions, ', '), '') || ');'
FROM pg_catalog.pg_foreign_server AS s
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
GROUP BY m.mapcfg;
