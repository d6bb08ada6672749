-- Who but the owner has rights on these tables and on their sequences; NULL is PUBLIC.
SELECT DISTINCT
    CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
    c.relname::text AS relation,
    r.rolname::text AS grantee
FROM pg_catalog.pg_class AS c
CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS acl
LEFT JOIN pg_catalog.pg_roles AS r ON acl.grantee = r.oid
WHERE
    c.relnamespace = %s::pg_catalog.regnamespace
    AND acl.grantee <> c.relowner
    AND (
        c.relname = ANY(%s)
        OR c.oid IN (
            SELECT d.objid
            FROM pg_catalog.pg_depend AS d
            INNER JOIN pg_catalog.pg_class AS t ON d.refobjid = t.oid
            WHERE t.relname LIKE '\_runner\_%%' AND t.relnamespace = c.relnamespace
        )
    )
