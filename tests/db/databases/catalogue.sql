WITH relation AS (
    SELECT c.*
    FROM pg_catalog.pg_class AS c
    WHERE
        c.relnamespace = 'public'::regnamespace
        AND c.relname !~ '^(_yoyo_|_runner_|yoyo_lock)'
        AND c.relkind IN ('r', 'S', 'v', 'm', 'p')
)

SELECT 'extension ' || e.extname || ' in ' || e.extnamespace::regnamespace
FROM pg_catalog.pg_extension AS e
UNION ALL
SELECT 'relation ' || r.relkind::text || ' ' || r.relname || coalesce(' comment ' || obj_description(r.oid, 'pg_class'), '')
FROM relation AS r
UNION ALL
SELECT
    concat_ws(
        ' ', 'column', r.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid), col_description(r.oid, a.attnum)
    )
FROM relation AS r
INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = r.oid AND d.adnum = a.attnum
UNION ALL
SELECT concat_ws(' ', 'constraint', r.relname, c.conname, c.convalidated, pg_get_constraintdef(c.oid))
FROM relation AS r
INNER JOIN pg_catalog.pg_constraint AS c ON c.conrelid = r.oid
UNION ALL
SELECT concat_ws(' ', 'index', r.relname, i.indisvalid, pg_get_indexdef(i.indexrelid), obj_description(i.indexrelid, 'pg_class'))
FROM relation AS r
INNER JOIN pg_catalog.pg_index AS i ON i.indrelid = r.oid
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(t.oid)
FROM relation AS r
INNER JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = r.oid AND NOT t.tgisinternal
UNION ALL
SELECT 'routine ' || pg_get_functiondef(p.oid) || coalesce(obj_description(p.oid, 'pg_proc'), '')
FROM pg_catalog.pg_proc AS p
WHERE
    p.pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL
-- A table without grants has no list, one whose grants were taken back has a list that says the same.
SELECT concat_ws(' ', 'grant on', r.relname, g.privilege_type, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
FROM relation AS r
CROSS JOIN aclexplode(coalesce(r.relacl, acldefault(CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", r.relowner))) AS g
UNION ALL
SELECT
    concat_ws(
        ' ', 'grant on', p.oid::regprocedure, g.privilege_type, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
    )
FROM pg_catalog.pg_proc AS p
CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS g
WHERE
    p.pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT
    concat_ws(
        ' ', 'grant on schema', n.nspname, g.privilege_type, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
    )
FROM pg_catalog.pg_namespace AS n
CROSS JOIN aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS g
WHERE n.nspname = 'public'
UNION ALL
SELECT
    concat_ws(
        ' ', 'grant on database', g.privilege_type, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
    )
FROM pg_catalog.pg_database AS b
CROSS JOIN aclexplode(coalesce(b.datacl, acldefault('d', b.datdba))) AS g
WHERE b.datname = current_database()
UNION ALL
SELECT
    concat_ws(
        ' ', 'default grant', d.defaclobjtype, d.defaclnamespace::regnamespace, g.privilege_type,
        CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END
    )
FROM pg_catalog.pg_default_acl AS d
CROSS JOIN aclexplode(d.defaclacl) AS g
ORDER BY 1
