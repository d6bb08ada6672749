-- Indexes that no constraint owns.
SELECT
    i.indexrelid,
    i.indrelid,
    x.relname::text AS raw_name,
    pg_catalog.quote_ident(x.relname) AS name,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(x.relname) AS qualified,
    pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
    pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
    CASE
        WHEN i.indisunique AND i.indisvalid AND i.indexprs IS NULL AND i.indpred IS NULL
            THEN (i.indkey::int2[])[0:i.indnkeyatts - 1]::int[]
    END AS key_columns,
    pg_catalog.quote_ident(space.spcname) AS tablespace,
    x.relkind = 'i' AND NOT i.indisvalid AS is_invalid,
    i.indisclustered,
    i.indisreplident,
    CASE WHEN i.indexprs IS NOT NULL THEN (  -- only an expression can have one
        SELECT pg_catalog.array_agg(ARRAY[a.attnum::int, a.attstattarget::int] ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0
    ) END AS statistics_targets
FROM pg_catalog.pg_index AS i
INNER JOIN pg_catalog.pg_class AS x ON i.indexrelid = x.oid
INNER JOIN pg_catalog.pg_namespace AS n ON x.relnamespace = n.oid
LEFT JOIN pg_catalog.pg_tablespace AS space ON x.reltablespace = space.oid
LEFT JOIN pg_catalog.pg_constraint AS c ON i.indexrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
WHERE c.oid IS NULL AND i.indexrelid >= 16384 AND n.nspname !~ '^pg_';
