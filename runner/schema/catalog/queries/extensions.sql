-- Extensions. Their versions come with the server and are not part of a schema; plpgsql is in every database.
SELECT
    e.oid,
    pg_catalog.quote_ident(e.extname) AS name,
    n.nspname::text AS schema_name,
    pg_catalog.quote_ident(n.nspname) AS quoted_schema
FROM pg_catalog.pg_extension AS e
INNER JOIN pg_catalog.pg_namespace AS n ON e.extnamespace = n.oid
WHERE e.extname <> 'plpgsql';
