-- What was done with the migrations, newest first: by runner, and by stock yoyo where no row of ours is of the same moment.
-- Our rows come as they were appended, whatever the clock said; a row of yoyo's after those of ours that are older.
SELECT t.*
FROM (
    SELECT
        r.id AS number,
        pg_catalog.to_char(r.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS recorded_at,
        'runner' AS tool,
        r.migration_id AS id,
        r.operation,
        r.kind,
        r.checksum,
        CASE WHEN {with_sql} THEN r.sql END AS sql,
        r.duration_ms,
        {rows_affected},
        r.reason,
        r.db_user,
        r.actor,
        r.host,
        r.git_commit,
        r.runner_version AS program
    FROM {runner} AS r
    UNION ALL
    SELECT
        NULL AS number,
        pg_catalog.to_char(y.created_at_utc, 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS recorded_at,
        'yoyo' AS tool,
        y.migration_id AS id,
        y.operation,
        NULL AS kind,
        NULL AS checksum,
        NULL AS sql,
        NULL AS duration_ms,
        NULL AS rows_affected,
        y.comment AS reason,
        NULL AS db_user,
        y.username AS actor,
        y.hostname AS host,
        NULL AS git_commit,
        NULL AS program
    FROM {log} AS y
    WHERE NOT EXISTS (
        SELECT FROM {runner} AS o
        WHERE
            o.migration_id = y.migration_id
            AND y.operation = CASE o.operation WHEN 'baseline' THEN 'mark' WHEN 'forget' THEN 'unmark' ELSE o.operation END
            AND (o.recorded_at AT TIME ZONE 'UTC') - y.created_at_utc BETWEEN interval '-1 second' AND interval '1 second'
    )
) AS t
ORDER BY
    coalesce(t.number, max(t.number) OVER (ORDER BY t.recorded_at ASC ROWS UNBOUNDED PRECEDING), 0) DESC,
    t.number IS NULL DESC,
    t.recorded_at DESC
LIMIT {limit}
