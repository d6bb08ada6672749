-- Indexes that no query has used since the statistics were reset, and that guard no constraint.
-- worry: each costs every INSERT and most UPDATEs, disk and cache. Not on a server whose statistics are young (see
--   counted_since), and not where only a replica uses it: replicas count for themselves.
-- do: look on the replicas too, then drop it in a migration of its own: -- transactional: false, DROP INDEX
--   CONCURRENTLY.
-- warn: size_bytes > 100MB and counted_s > 30d
-- labels: schema, index
SELECT
    s.schemaname::text AS schema,
    s.indexrelname::text AS index,
    s.relname::text AS table,
    pg_catalog.pg_relation_size(s.indexrelid) AS size_bytes,
    d.stats_reset AS counted_since,
    EXTRACT(EPOCH FROM pg_catalog.now() - coalesce(d.stats_reset, pg_catalog.pg_postmaster_start_time()))::bigint
        AS counted_s
FROM pg_catalog.pg_stat_user_indexes AS s
INNER JOIN pg_catalog.pg_index AS i ON s.indexrelid = i.indexrelid
CROSS JOIN pg_catalog.pg_stat_database AS d
WHERE
    s.idx_scan = 0
    AND NOT i.indisunique
    AND i.indisvalid
    AND d.datname = pg_catalog.current_database()
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_constraint AS k
        WHERE k.conindid = i.indexrelid
    )
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_inherits AS h
        WHERE h.inhrelid = i.indexrelid
    )
ORDER BY size_bytes DESC, s.schemaname ASC, s.indexrelname ASC
LIMIT 50;
