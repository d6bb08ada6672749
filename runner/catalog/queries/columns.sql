-- Columns of tables and composite types in their physical order, and the defaults that views carry.
SELECT
    a.attrelid,
    a.attnum,
    pg_catalog.quote_ident(a.attname) AS name,
    pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
    || CASE a.attcompression WHEN 'l' THEN ' COMPRESSION lz4' WHEN 'p' THEN ' COMPRESSION pglz' ELSE '' END
    || CASE
        WHEN a.attcollation = t.typcollation THEN ''
        WHEN n.nspname = 'pg_catalog' THEN ' COLLATE ' || pg_catalog.quote_ident(l.collname)
        ELSE ' COLLATE ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname)
    END AS definition,
    a.attnotnull,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression,
    a.attgenerated::text,
    a.attidentity::text,
    CASE
        WHEN a.attstorage <> t.typstorage THEN
            CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
    END AS storage,
    nullif(a.attstattarget, -1) AS statistics_target,
    a.attoptions,
    a.attislocal
FROM pg_catalog.pg_attribute AS a
INNER JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS s ON c.relnamespace = s.oid
INNER JOIN pg_catalog.pg_type AS t ON a.atttypid = t.oid
LEFT JOIN pg_catalog.pg_attrdef AS d ON a.atthasdef AND a.attrelid = d.adrelid AND a.attnum = d.adnum
LEFT JOIN pg_catalog.pg_collation AS l ON a.attcollation = l.oid AND a.attcollation <> t.typcollation
LEFT JOIN pg_catalog.pg_namespace AS n ON l.collnamespace = n.oid
WHERE
    a.attnum > 0
    AND NOT a.attisdropped
    AND (c.relkind IN ('r', 'p', 'c') OR (c.relkind = 'v' AND a.atthasdef))
    AND c.oid >= 16384  -- below are the server's own
    AND s.nspname !~ '^pg_'
ORDER BY a.attrelid, a.attnum;
