-- What is applied, oldest first, with what we know of it when it was us who applied it.
SELECT
    m.migration_id,
    m.applied_at_utc AT TIME ZONE 'UTC' AS applied_at,
    r.recorded_at,
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
