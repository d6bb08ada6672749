-- Our own tables. A row is never changed or removed, so that they are the audit trail too;
-- the newest row of a migration counts, and only while yoyo's mark carries the same moment.
CREATE TABLE IF NOT EXISTS _runner_migration (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration_id text NOT NULL,
    operation text NOT NULL,
    applied_at_utc timestamp,
    recorded_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    kind text,
    checksum text,
    sql text,
    rollback_sql text,
    rollback_transactional boolean NOT NULL DEFAULT true,
    duration_ms integer,
    reason text,
    db_user text NOT NULL DEFAULT current_user,
    actor text,
    host text,
    git_commit text,
    runner_version text
);
COMMENT ON TABLE _runner_migration IS
'What runner did with each migration: append-only. yoyo''s own table says what is applied now.';
CREATE INDEX IF NOT EXISTS _runner_migration_migration_id_idx
ON _runner_migration (migration_id, id DESC);
