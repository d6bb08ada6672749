-- Functions, procedures and aggregates, without the members of extensions.
SELECT
    p.oid,
    n.nspname::text AS schema_name,
    p.prokind::text,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) AS qualified,
    p.oid::pg_catalog.regprocedure::text AS signature,
    pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments,
    CASE WHEN p.prokind <> 'a' THEN pg_catalog.pg_get_functiondef(p.oid) END AS definition,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.proowner)) AS owner
FROM pg_catalog.pg_proc AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
WHERE
    n.nspname !~ '^pg_'
    AND n.nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i')
    );
