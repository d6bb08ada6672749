-- The locks that another session holds or waits for; a wait for an old snapshot has no relation.
SELECT
    CASE WHEN l.locktype = 'relation' AND l.relation >= 16384 THEN l.relation::bigint END AS oid,
    l.mode,
    l.granted
FROM pg_catalog.pg_locks AS l
WHERE
    l.pid = %(pid)s
    AND l.locktype IN ('relation', 'virtualxid')
    AND (l.relation IS NULL OR l.relation >= 16384);
