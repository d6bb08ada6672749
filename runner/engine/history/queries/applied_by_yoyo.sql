-- What is applied, oldest first, in a database that only stock yoyo has seen.
SELECT
    migration_id,
    pg_catalog.to_char(applied_at_utc, 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS applied_at
FROM {migration}
ORDER BY applied_at_utc ASC, migration_id ASC
