-- Comments on everything; the reader keeps those whose object it knows.
SELECT
    d.classoid,
    d.objoid,
    pg_catalog.quote_ident(a.attname) AS column_name,
    d.description
FROM pg_catalog.pg_description AS d
LEFT JOIN pg_catalog.pg_attribute AS a
    ON
        d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.objoid = a.attrelid
        AND d.objsubid = a.attnum
        AND d.objsubid <> 0
WHERE
    (d.objoid >= 16384 OR d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)
    AND d.classoid <> 'pg_catalog.pg_extension'::pg_catalog.regclass
ORDER BY d.classoid, d.objoid, d.objsubid;
