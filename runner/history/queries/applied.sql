-- What is applied, oldest first, with what we know of it when it was us who applied it.
SELECT
    m.migration_id,
    pg_catalog.to_char(m.applied_at_utc, 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS applied_at,
    pg_catalog.to_char(r.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS recorded_at,
    r.kind,
    r.checksum,
    r.operation,
    r.duration_ms,
    r.rows_affected,
    r.db_user,
    r.actor,
    r.host,
    r.git_commit,
    coalesce(r.reversible, false) AS reversible
FROM {migration} AS m
LEFT JOIN (
    SELECT DISTINCT ON (migration_id)
        id,
        migration_id,
        applied_at_utc,
        recorded_at,
        kind,
        checksum,
        operation,
        duration_ms,
        {rows_affected},
        db_user,
        actor,
        host,
        git_commit,
        rollback_sql IS NOT NULL AS reversible
    FROM {runner}
    WHERE operation NOT IN ('fail', 'repair')
    ORDER BY migration_id ASC, id DESC
) AS r ON m.migration_id = r.migration_id AND m.applied_at_utc = r.applied_at_utc
ORDER BY m.applied_at_utc ASC, r.id ASC, m.migration_id ASC
