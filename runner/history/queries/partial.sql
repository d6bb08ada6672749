-- The files that are applied or rolled back in part; one of which nothing is in effect is merely pending.
SELECT
    f.migration_id AS id,
    f.direction,
    f.fingerprint AS checksum,
    f.statements AS total,
    coalesce(sum(s.statements) FILTER (WHERE s.done_at IS NOT NULL), 0)::integer AS done,
    coalesce(pg_catalog.bool_or(s.done_at IS NULL AND s.id IS NOT NULL), false) AS in_doubt,
    f.begun_at,
    f.actor
FROM {journal} AS f
LEFT JOIN {journal} AS s
    ON f.migration_id = s.migration_id AND f.direction = s.direction AND s.step > 0
WHERE f.step = 0
GROUP BY f.id
HAVING count(s.id) > 0
ORDER BY f.id
