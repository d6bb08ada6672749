-- What stock yoyo did with the migrations, newest first, where runner has no table yet.
SELECT
    pg_catalog.to_char(y.created_at_utc, 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS recorded_at,
    'yoyo' AS tool,
    y.migration_id AS id,
    y.operation,
    y.comment AS reason,
    y.username AS actor,
    y.hostname AS host
FROM {log} AS y
ORDER BY recorded_at DESC
LIMIT {limit}
