-- Foreign-data wrappers, servers and user mappings. A mapping's options are not read: they hold passwords, and who may
-- not see them would find none.
SELECT
    'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass::pg_catalog.oid AS catalog,
    w.oid,
    'foreign data wrapper' AS kind,
    NULL::text AS schema_name,
    pg_catalog.quote_ident(w.fdwname) AS identity,
    'CREATE FOREIGN DATA WRAPPER ' || pg_catalog.quote_ident(w.fdwname)
    || CASE WHEN w.fdwhandler <> 0 THEN ' HANDLER ' || w.fdwhandler::pg_catalog.regproc::text ELSE '' END
    || CASE WHEN w.fdwvalidator <> 0 THEN ' VALIDATOR ' || w.fdwvalidator::pg_catalog.regproc::text ELSE '' END AS sql,
    w.fdwoptions AS options,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(w.fdwowner)) AS owner,
    NULL::bigint[] AS within,
    NULL::bigint[] AS needs
FROM pg_catalog.pg_foreign_data_wrapper AS w
UNION ALL
SELECT
    'pg_catalog.pg_foreign_server'::pg_catalog.regclass,
    s.oid,
    'server',
    NULL,
    pg_catalog.quote_ident(s.srvname),
    'CREATE SERVER ' || pg_catalog.quote_ident(s.srvname)
    || coalesce(' TYPE ' || pg_catalog.quote_literal(s.srvtype), '')
    || coalesce(' VERSION ' || pg_catalog.quote_literal(s.srvversion), '')
    || ' FOREIGN DATA WRAPPER ' || pg_catalog.quote_ident(w.fdwname),
    s.srvoptions,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.srvowner)),
    NULL,
    NULL
FROM pg_catalog.pg_foreign_server AS s
INNER JOIN pg_catalog.pg_foreign_data_wrapper AS w ON s.srvfdw = w.oid
UNION ALL
SELECT
    'pg_catalog.pg_user_mapping'::pg_catalog.regclass,
    u.umid,
    'user mapping',
    NULL,
    names.identity,
    'CREATE USER MAPPING ' || names.identity,
    NULL,
    NULL,
    NULL,
    ARRAY[ARRAY['pg_catalog.pg_foreign_server'::pg_catalog.regclass::bigint, u.srvid::bigint]]
FROM pg_catalog.pg_user_mappings AS u
CROSS JOIN LATERAL (
    SELECT 'FOR ' || CASE
        WHEN u.umuser = 0 THEN 'PUBLIC'
        WHEN pg_catalog.quote_ident(u.usename) = %(main_owner)s THEN 'CURRENT_USER'
        ELSE pg_catalog.quote_ident(u.usename)
    END || ' SERVER ' || pg_catalog.quote_ident(u.srvname) AS identity
) AS names
WHERE u.umuser = 0 OR u.usename IS NOT NULL
