-- The migrations whose last attempt failed.
SELECT
    migration_id AS id,
    pg_catalog.to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS recorded_at,
    reason,
    actor,
    checksum
FROM (
    SELECT DISTINCT ON (migration_id)
        migration_id,
        operation,
        recorded_at,
        reason,
        actor,
        checksum
    FROM {runner}
    ORDER BY migration_id ASC, id DESC
) AS newest
WHERE operation = 'fail'
