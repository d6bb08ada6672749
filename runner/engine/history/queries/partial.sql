-- The files that are applied or rolled back in part; one of which nothing is in effect is merely pending.
-- A step below 0 is a statement that failed and left something behind.
SELECT
    f.migration_id AS id,
    f.direction,
    f.fingerprint AS checksum,
    f.statements AS total,
    coalesce(sum(s.statements) FILTER (WHERE s.done_at IS NOT NULL), 0)::integer AS done,
    count(s.id) FILTER (WHERE s.done_at IS NULL AND s.repeats = 0 AND s.step > 0) AS in_doubt,
    coalesce(sum(s.rows_affected), 0)::bigint AS batch_rows,
    pg_catalog.to_char(f.begun_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS begun_at,
    f.actor,
    count(s.id) FILTER (WHERE s.step > 0) AS begun,
    count(s.id) FILTER (WHERE s.step < 0) AS left_behind
FROM {journal} AS f
LEFT JOIN {journal} AS s
    ON f.migration_id = s.migration_id AND f.direction = s.direction AND s.step <> 0
WHERE f.step = 0
GROUP BY f.id
HAVING count(s.id) > 0
ORDER BY f.id
