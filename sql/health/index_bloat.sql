-- An estimate, from the planner's statistics, of how much of each B-tree index its entries do not need.
-- worry: when much is wasted: an index of which most is empty is read and cached all the same. An estimate only:
--   indexes on expressions are left out, and many equal keys (stored once since PostgreSQL 13) make it show less than
--   there is.
-- do: REINDEX INDEX CONCURRENTLY name; it needs the room of a second one meanwhile. scripts/maintenance.sh does so
--   where it exists.
-- sees: tables
-- warn: wasted_bytes > 500MB and wasted_percent > 50
-- labels: schema, index
SELECT
    b.schema,
    b.index,
    b.table,
    b.size_bytes,
    b.wasted_bytes,
    pg_catalog.round(100.0 * b.wasted_bytes / nullif(b.size_bytes, 0), 1) AS wasted_percent
FROM (
    SELECT
        n.nspname::text AS schema,
        c.relname::text AS index,
        t.relname::text AS table,
        pg_catalog.pg_relation_size(c.oid) AS size_bytes,
        greatest(
            pg_catalog.pg_relation_size(c.oid) - (
                -- one page is the tree's own; an entry has a header of 8 bytes and a pointer of 4
                1 + pg_catalog.ceil(
                    c.reltuples::numeric * (12 + w.width::numeric + (8 - w.width::numeric % 8) % 8)
                    / ((pg_catalog.current_setting('block_size')::numeric - 40) * w.fillfactor / 100)
                )
            ) * pg_catalog.current_setting('block_size')::numeric,
            0
        )::bigint AS wasted_bytes
    FROM pg_catalog.pg_index AS i
    INNER JOIN pg_catalog.pg_class AS c ON i.indexrelid = c.oid
    INNER JOIN pg_catalog.pg_class AS t ON i.indrelid = t.oid
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN pg_catalog.pg_am AS m ON c.relam = m.oid
    CROSS JOIN LATERAL (
        SELECT
            pg_catalog.ceil(pg_catalog.sum((1 - s.null_frac) * s.avg_width)) AS width,
            pg_catalog.count(*) AS known,
            coalesce(
                pg_catalog.substring(pg_catalog.array_to_string(c.reloptions, ' '), 'fillfactor=([0-9]+)')::integer, 90
            ) AS fillfactor
        FROM pg_catalog.pg_attribute AS a
        INNER JOIN pg_catalog.pg_stats AS s
            ON n.nspname = s.schemaname AND t.relname = s.tablename AND a.attname = s.attname AND NOT s.inherited
        WHERE a.attrelid = t.oid AND a.attnum = ANY(i.indkey)
    ) AS w
    WHERE
        m.amname = 'btree'
        AND c.relkind = 'i'
        AND c.reltuples > 0
        AND i.indisvalid
        AND i.indexprs IS NULL
        AND n.nspname NOT LIKE 'pg\_%'
        AND n.nspname <> 'information_schema'
        AND w.known = i.indnatts
) AS b
ORDER BY b.wasted_bytes DESC, b.schema ASC, b.index ASC
LIMIT 50;
