-- The rights on every object whose rights were ever touched, beside what a new object of its kind has.
WITH secured AS (
    SELECT
        'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS classid,
        c.oid AS objid,
        NULL::pg_catalog.name AS column_name,
        (CASE WHEN c.relkind = 'S' THEN 's' ELSE 'r' END)::pg_catalog."char" AS kind,
        c.relowner AS owner,
        c.relacl AS acl
    FROM pg_catalog.pg_class AS c
    WHERE c.relacl IS NOT NULL AND c.oid >= 16384
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attname, 'c', c.relowner, a.attacl
    FROM pg_catalog.pg_attribute AS a
    INNER JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
    WHERE a.attacl IS NOT NULL AND c.oid >= 16384 AND NOT a.attisdropped
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, NULL, 'f', p.proowner, p.proacl
    FROM pg_catalog.pg_proc AS p
    WHERE p.proacl IS NOT NULL AND p.oid >= 16384
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, NULL, 'T', t.typowner, t.typacl
    FROM pg_catalog.pg_type AS t
    WHERE t.typacl IS NOT NULL AND t.oid >= 16384
    UNION ALL
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid, NULL, 'n', n.nspowner, n.nspacl
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspacl IS NOT NULL AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    UNION ALL
    SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, w.oid, NULL, 'F', w.fdwowner, w.fdwacl
    FROM pg_catalog.pg_foreign_data_wrapper AS w
    WHERE w.fdwacl IS NOT NULL
    UNION ALL
    SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, NULL, 'S', s.srvowner, s.srvacl
    FROM pg_catalog.pg_foreign_server AS s
    WHERE s.srvacl IS NOT NULL
)

SELECT
    secured.classid,
    secured.objid,
    secured.kind::text,
    pg_catalog.quote_ident(secured.column_name) AS column_name,
    granted.is_default,
    CASE
        WHEN granted.grantee = secured.owner THEN 'CURRENT_ROLE'
        WHEN granted.grantee = 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(role.rolname)
    END AS grantee,
    granted.privilege_type,
    granted.is_grantable,
    CASE WHEN granted.grantor <> secured.owner THEN pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(granted.grantor)) END AS grantor
FROM secured
CROSS JOIN LATERAL (
    SELECT FALSE AS is_default, a.grantee, a.privilege_type, a.is_grantable, a.grantor
    FROM pg_catalog.aclexplode(secured.acl) AS a
    UNION ALL
    SELECT TRUE, a.grantee, a.privilege_type, a.is_grantable, a.grantor
    FROM pg_catalog.aclexplode(pg_catalog.acldefault(secured.kind, secured.owner)) AS a
) AS granted
LEFT JOIN pg_catalog.pg_roles AS role ON granted.grantee = role.oid;
