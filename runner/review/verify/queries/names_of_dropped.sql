-- Asked by a session to which they are still there: what is dropped with the rows in it. A partition counts with its
-- parent, and so does its column.
SELECT 'table ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.oid = ANY(%(tables)s)
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_inherits AS i
        WHERE i.inhrelid = c.oid AND i.inhparent = ANY(%(tables)s)
    )
UNION ALL
SELECT
    'column ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
    || '.' || pg_catalog.quote_ident(a.attname)
FROM ROWS FROM (pg_catalog.unnest(%(relations)s::oid[]), pg_catalog.unnest(%(columns)s::int[])) AS d (attrelid, attnum)
INNER JOIN pg_catalog.pg_attribute AS a USING (attrelid, attnum)
INNER JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE NOT a.attisdropped AND a.attislocal
ORDER BY 1;
