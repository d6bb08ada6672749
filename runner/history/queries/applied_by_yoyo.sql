-- What is applied, oldest first, in a database that only stock yoyo has seen.
SELECT
    migration_id,
    applied_at_utc AT TIME ZONE 'UTC' AS applied_at
FROM {migration}
ORDER BY applied_at_utc ASC, migration_id ASC
