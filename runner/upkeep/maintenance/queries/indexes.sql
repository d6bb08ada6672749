-- Indexes that are invalid, and B-trees with the number of pages that their rows would need: for each row its columns'
-- average widths, aligned, an 8-byte header and a 4-byte pointer, on pages filled as the index asks for.
-- Rows that share a value may be stored once, so the estimate is high and the bloat low. Without column statistics there is none.
-- Reading the size waits for a lock on the index; for a locked one the size in the catalog is used.
WITH locked AS MATERIALIZED (
    SELECT l.relation
    FROM pg_catalog.pg_locks AS l
    INNER JOIN pg_catalog.pg_database AS d ON l.database = d.oid
    WHERE d.datname = pg_catalog.current_database() AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
)

SELECT
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS qualified,
    pg_catalog.format('%I.%I', tn.nspname, t.relname) AS on_table,
    pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
    CASE
        WHEN c.oid IN (SELECT k.relation FROM locked AS k)
            THEN c.relpages * pg_catalog.current_setting('block_size')::bigint
        ELSE pg_catalog.pg_relation_size(c.oid)
    END AS size_bytes,
    NOT i.indisvalid AS is_invalid,
    c.relname ~ '_cc(new|old)[0-9]*$' AS is_leftover,
    w.needed_bytes,
    coalesce(
        pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE')
        OR pg_catalog.pg_has_role(current_user, d.datdba, 'USAGE')
        OR CASE
            WHEN pg_catalog.current_setting('server_version_num')::integer >= 170000
                THEN pg_catalog.has_table_privilege(i.indrelid, 'MAINTAIN')
        END,
        FALSE
    ) AS may,
    pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE') AS may_drop,
    EXISTS (
        SELECT
        FROM pg_catalog.pg_locks AS l
        WHERE
            l.locktype = 'relation'
            AND l.relation = i.indrelid
            AND l.mode = 'ShareUpdateExclusiveLock'
            AND l.pid <> pg_catalog.pg_backend_pid()
            AND l.database = d.oid
    ) AS is_busy
FROM pg_catalog.pg_index AS i
INNER JOIN pg_catalog.pg_class AS c ON i.indexrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_catalog.pg_class AS t ON i.indrelid = t.oid
INNER JOIN pg_catalog.pg_namespace AS tn ON t.relnamespace = tn.oid
INNER JOIN pg_catalog.pg_am AS m ON c.relam = m.oid
INNER JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
LEFT JOIN LATERAL (
    SELECT
        CASE
            WHEN m.amname = 'btree' AND pg_catalog.count(*) = pg_catalog.count(s.avg_width) AND c.reltuples >= 0
                THEN pg_catalog.ceil(
                    c.reltuples
                    * (8 * pg_catalog.ceil((8 + pg_catalog.sum(s.avg_width)) / 8.0) + 4)
                    / (
                        (b.block_size - 40)
                        * coalesce((
                            SELECT pg_catalog.substr(o.option, 12)::numeric / 100
                            FROM pg_catalog.unnest(c.reloptions) AS o (option)
                            WHERE o.option LIKE 'fillfactor=%'
                        ), 0.9)
                    )
                    + 1
                ) * b.block_size
        END::bigint AS needed_bytes
    FROM pg_catalog.pg_attribute AS a
    CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::numeric AS block_size) AS b
    LEFT JOIN pg_catalog.pg_attribute AS ta ON ta.attrelid = i.indrelid AND ta.attnum = i.indkey[a.attnum - 1] AND ta.attnum > 0
    LEFT JOIN pg_catalog.pg_stats AS s
        ON
            NOT s.inherited
            AND s.schemaname = CASE WHEN ta.attname IS NULL THEN n.nspname ELSE tn.nspname END
            AND s.tablename = CASE WHEN ta.attname IS NULL THEN c.relname ELSE t.relname END
            AND s.attname = coalesce(ta.attname, a.attname)
    WHERE a.attrelid = c.oid
    GROUP BY b.block_size
) AS w ON TRUE
WHERE
    c.relkind = 'i'
    AND c.relpersistence <> 't'
    AND NOT i.indisexclusion
    AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname
