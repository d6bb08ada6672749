-- What is applied, in the order in which history took it in, with what we know of it when it was us who applied it.
-- Our rows are numbered as they are appended, whatever the clock says: it may go back, also by a failover. Only for what
-- stock yoyo applied the clock is all there is: it stands after what had been applied at that time.
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
    coalesce(r.reversible, false) AS reversible,
    p.first_run,
    p.last_run
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
LEFT JOIN (
    -- not by id: a renamed migration keeps its moment, by which the rows of its old name are found
    SELECT
        applied_at_utc,
        min(id) AS first_run,
        max(id) AS last_run
    FROM {runner}
    WHERE operation IN ('apply', 'baseline')
    GROUP BY applied_at_utc
) AS p ON m.applied_at_utc = p.applied_at_utc
ORDER BY
    coalesce(
        p.first_run,
        max(p.first_run) OVER (ORDER BY m.applied_at_utc ASC ROWS UNBOUNDED PRECEDING),
        0
    ) ASC,
    p.first_run IS NULL ASC,
    m.applied_at_utc ASC,
    r.id ASC,
    m.migration_id ASC
