-- Tables that our role cannot alter: neither their owner nor a member of the owner's role.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS qualified, pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
    EXISTS (
        SELECT FROM pg_catalog.pg_roles AS r
        WHERE r.rolsuper AND pg_catalog.pg_has_role(c.relowner, r.oid, 'MEMBER')
    ) AS of_superuser
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.relkind IN ('r', 'p')
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema'
    AND NOT pg_catalog.pg_has_role(CURRENT_USER, c.relowner, 'USAGE')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
    )
ORDER BY n.nspname, c.relname
