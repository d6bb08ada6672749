-- How far a session's command is, for the commands that the server reports on.
WITH reported AS (
    SELECT
        i.command,
        i.relid,
        i.phase,
        CASE
            WHEN i.phase LIKE 'waiting for %%' THEN 'transactions'
            WHEN i.blocks_total > 0 THEN 'blocks'
            WHEN i.tuples_total > 0 THEN 'rows'
            ELSE 'partitions'
        END AS unit,
        ARRAY[i.lockers_done, i.blocks_done, i.tuples_done, i.partitions_done] AS done,
        ARRAY[i.lockers_total, i.blocks_total, i.tuples_total, i.partitions_total] AS total
    FROM pg_catalog.pg_stat_progress_create_index AS i
    WHERE i.pid = %(pid)s
    UNION ALL
    SELECT
        c.command,
        c.relid,
        c.phase,
        CASE WHEN c.phase = 'seq scanning heap' THEN 'blocks' ELSE 'rows' END AS unit,
        ARRAY[0, c.heap_blks_scanned, greatest(c.heap_tuples_scanned, c.heap_tuples_written), 0] AS done,
        ARRAY[0, c.heap_blks_total, 0, 0] AS total
    FROM pg_catalog.pg_stat_progress_cluster AS c
    WHERE c.pid = %(pid)s
    UNION ALL
    SELECT
        'VACUUM' AS command,
        v.relid,
        v.phase,
        'blocks' AS unit,
        ARRAY[0, CASE WHEN v.phase = 'vacuuming heap' THEN v.heap_blks_vacuumed ELSE v.heap_blks_scanned END, 0, 0] AS done,
        ARRAY[0, CASE WHEN v.phase IN ('scanning heap', 'vacuuming heap') THEN v.heap_blks_total ELSE 0 END, 0, 0] AS total
    FROM pg_catalog.pg_stat_progress_vacuum AS v
    WHERE v.pid = %(pid)s
    UNION ALL
    SELECT
        'ANALYZE' AS command,
        z.relid,
        z.phase,
        'blocks' AS unit,
        ARRAY[0, z.sample_blks_scanned, 0, 0] AS done,
        ARRAY[0, z.sample_blks_total, 0, 0] AS total
    FROM pg_catalog.pg_stat_progress_analyze AS z
    WHERE z.pid = %(pid)s
    UNION ALL
    SELECT
        o.command,
        o.relid,
        'copying' AS phase,
        CASE WHEN o.bytes_total > 0 THEN 'bytes' ELSE 'rows' END AS unit,
        ARRAY[0, o.bytes_processed, o.tuples_processed, 0] AS done,
        ARRAY[0, o.bytes_total, 0, 0] AS total
    FROM pg_catalog.pg_stat_progress_copy AS o
    WHERE o.pid = %(pid)s
)

SELECT
    r.command,
    CASE WHEN c.oid IS NOT NULL THEN pg_catalog.format('%%I.%%I', n.nspname, c.relname) END AS relation,
    r.phase,
    r.unit,
    r.done[u.position] AS done,
    nullif(r.total[u.position], 0) AS total
FROM reported AS r
INNER JOIN (
    VALUES ('transactions', 1), ('blocks', 2), ('bytes', 2), ('rows', 3), ('partitions', 4)
) AS u (unit, position) ON r.unit = u.unit
LEFT JOIN pg_catalog.pg_class AS c ON r.relid = c.oid
LEFT JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
LIMIT 1
