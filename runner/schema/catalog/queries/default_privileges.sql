-- ALTER DEFAULT PRIVILEGES: those of a schema add to the rights of a new object, those without one replace them.
SELECT
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.defaclrole)) AS role,
    n.nspname::text AS schema_name,
    pg_catalog.quote_ident(n.nspname) AS quoted_schema,
    d.defaclobjtype::text AS kind,
    granted.is_default,
    CASE
        WHEN granted.grantee = d.defaclrole THEN 'CURRENT_ROLE'
        WHEN granted.grantee = 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(role.rolname)
    END AS grantee,
    granted.privilege_type,
    granted.is_grantable,
    NULL AS grantor  -- the role itself
FROM pg_catalog.pg_default_acl AS d
LEFT JOIN pg_catalog.pg_namespace AS n ON d.defaclnamespace = n.oid
CROSS JOIN LATERAL (
    SELECT FALSE AS is_default, a.grantee, a.privilege_type, a.is_grantable FROM pg_catalog.aclexplode(d.defaclacl) AS a
    UNION ALL
    SELECT TRUE, a.grantee, a.privilege_type, a.is_grantable
    FROM pg_catalog.aclexplode(
        pg_catalog.acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)
    ) AS a
    WHERE d.defaclnamespace = 0
) AS granted
LEFT JOIN pg_catalog.pg_roles AS role ON granted.grantee = role.oid;
