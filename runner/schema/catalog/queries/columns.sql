-- Columns of tables, materialized views and composite types in their physical order, and the defaults that views carry.
SELECT
    a.attrelid,
    a.attnum,
    pg_catalog.quote_ident(a.attname) AS name,
    pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
    CASE a.attcompression WHEN 'l' THEN 'lz4' WHEN 'p' THEN 'pglz' END AS compression,
    CASE
        WHEN a.attcollation = t.typcollation THEN NULL
        WHEN n.nspname = 'pg_catalog' THEN pg_catalog.quote_ident(l.collname)
        ELSE pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname)
    END AS collation,
    a.attnotnull AND coalesce(k.convalidated AND NOT k.connoinherit, TRUE) AS not_null,
    k.oid AS not_null_oid,
    k.conname::text AS not_null_name,
    pg_catalog.quote_ident(k.conname) AS quoted_not_null_name,
    coalesce(k.conislocal, FALSE) AS is_not_null_local,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression,
    a.attgenerated::text,
    a.attidentity::text,
    CASE
        WHEN a.attstorage <> t.typstorage THEN
            CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
    END AS storage,
    CASE t.typstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
        AS usual_storage,
    nullif(a.attstattarget, -1) AS statistics_target,
    a.attoptions,
    a.attfdwoptions,
    a.attislocal
FROM pg_catalog.pg_attribute AS a
INNER JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS s ON c.relnamespace = s.oid
INNER JOIN pg_catalog.pg_type AS t ON a.atttypid = t.oid
LEFT JOIN pg_catalog.pg_constraint AS k  -- since PostgreSQL 18
    ON a.attnotnull AND a.attrelid = k.conrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum
LEFT JOIN pg_catalog.pg_attrdef AS d ON a.atthasdef AND a.attrelid = d.adrelid AND a.attnum = d.adnum
LEFT JOIN pg_catalog.pg_collation AS l ON a.attcollation = l.oid AND a.attcollation <> t.typcollation
LEFT JOIN pg_catalog.pg_namespace AS n ON l.collnamespace = n.oid
WHERE
    a.attnum > 0
    AND NOT a.attisdropped
    AND (c.relkind IN ('r', 'p', 'c', 'f', 'm') OR (c.relkind = 'v' AND a.atthasdef))
    AND c.oid >= 16384  -- below are the server's own
    AND s.nspname !~ '^pg_'
ORDER BY a.attrelid, a.attnum;
