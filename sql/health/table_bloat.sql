-- An estimate, from the planner's statistics, of how much of each table is room that its rows do not need.
-- worry: when much is wasted in a large table: scans read it, and it is in every backup. Some room is healthy, UPDATE
--   uses it. An estimate only: tables without fresh statistics are left out, and wide columns make it err.
-- do: find why first (vacuum, long_transactions). To give the room back: VACUUM FULL, which locks the table for long,
--   or pg_repack.
-- sees: tables
-- warn: wasted_bytes > 1GB and wasted_percent > 50
-- labels: schema, table
SELECT
    b.schema,
    b.table,
    b.size_bytes,
    b.wasted_bytes,
    pg_catalog.round(100.0 * b.wasted_bytes / nullif(b.size_bytes, 0), 1) AS wasted_percent
FROM (
    SELECT
        n.nspname::text AS schema,
        c.relname::text AS table,
        pg_catalog.pg_relation_size(c.oid) AS size_bytes,
        greatest(
            pg_catalog.pg_relation_size(c.oid) - pg_catalog.ceil(
                c.reltuples::numeric * (
                    28 + w.width::numeric + CASE WHEN w.has_nulls THEN 8 ELSE 0 END
                    -- a row begins at a multiple of eight bytes
                    + (8 - w.width::numeric % 8) % 8
                )
                / ((pg_catalog.current_setting('block_size')::numeric - 24) * w.fillfactor / 100)
            ) * pg_catalog.current_setting('block_size')::numeric,
            0
        )::bigint AS wasted_bytes
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    CROSS JOIN LATERAL (
        SELECT
            pg_catalog.ceil(pg_catalog.sum((1 - s.null_frac) * s.avg_width)) AS width,
            pg_catalog.bool_or(s.null_frac > 0) AS has_nulls,
            pg_catalog.count(*) AS known,
            coalesce(
                pg_catalog.substring(pg_catalog.array_to_string(c.reloptions, ' '), 'fillfactor=([0-9]+)')::integer, 100
            ) AS fillfactor
        FROM pg_catalog.pg_stats AS s
        WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND NOT s.inherited
    ) AS w
    WHERE
        c.relkind IN ('r', 'm')
        AND c.reltuples > 0
        AND n.nspname NOT LIKE 'pg\_%'
        AND n.nspname <> 'information_schema'
        AND w.known = (
            SELECT pg_catalog.count(*)
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        )
) AS b
ORDER BY b.wasted_bytes DESC, b.schema ASC, b.table ASC
LIMIT 50;
