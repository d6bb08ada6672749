-- Schemas, without the server's own and those that an extension made.
SELECT
    n.oid,
    n.nspname::text AS schema_name,
    pg_catalog.quote_ident(n.nspname) AS name,
    pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(n.nspowner)) AS owner
FROM pg_catalog.pg_namespace AS n
WHERE
    n.nspname !~ '^pg_'
    AND n.nspname <> 'information_schema'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = n.oid AND d.deptype = 'e'
    );
