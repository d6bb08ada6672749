-- Indexes with the same columns, order, expressions and condition as another one of the same table.
-- worry: always a little: the twin costs every write and serves nothing that the other does not.
-- do: keep the one that is unique or belongs to a constraint; drop the other in a migration with DROP INDEX
--   CONCURRENTLY. A documented one may stay: carthub's idx_carts_customer_id does.
-- warn: size_bytes > 10MB
-- labels: schema, index
SELECT
    n.nspname::text AS schema,
    c.relname::text AS index,
    t.relname::text AS table,
    kept.relname::text AS same_as,
    pg_catalog.pg_relation_size(c.oid) AS size_bytes
FROM (
    SELECT
        i.indexrelid,
        i.indrelid,
        pg_catalog.first_value(i.indexrelid) OVER twins AS kept
    FROM pg_catalog.pg_index AS i
    INNER JOIN pg_catalog.pg_class AS ic ON i.indexrelid = ic.oid
    WHERE i.indisvalid AND i.indislive
    WINDOW twins AS (
        PARTITION BY
            i.indrelid,
            ic.relam,
            i.indkey::text,
            i.indnkeyatts,
            i.indclass::text,
            i.indcollation::text,
            i.indoption::text,
            pg_catalog.pg_get_expr(i.indexprs, i.indrelid),
            pg_catalog.pg_get_expr(i.indpred, i.indrelid)
        ORDER BY i.indisprimary DESC, i.indisunique DESC, i.indexrelid ASC
    )
) AS d
INNER JOIN pg_catalog.pg_class AS c ON d.indexrelid = c.oid
INNER JOIN pg_catalog.pg_class AS t ON d.indrelid = t.oid
INNER JOIN pg_catalog.pg_class AS kept ON d.kept = kept.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE d.indexrelid <> d.kept AND n.nspname NOT LIKE 'pg\_%'
ORDER BY size_bytes DESC, n.nspname ASC, c.relname ASC
LIMIT 50;
