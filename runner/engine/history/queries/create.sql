-- Our own tables. A row is never changed or removed, so that they are the audit trail too;
-- the newest row of a migration counts, and only while yoyo's mark carries the same moment.
CREATE TABLE IF NOT EXISTS _runner_migration (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration_id pg_catalog.text NOT NULL,
    operation pg_catalog.text NOT NULL,
    applied_at_utc timestamp,
    recorded_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    kind pg_catalog.text,
    checksum pg_catalog.text,
    sql pg_catalog.text,
    rollback_sql pg_catalog.text,
    rollback_transactional boolean NOT NULL DEFAULT true,
    duration_ms integer,
    rows_affected bigint,
    reason pg_catalog.text,
    db_user pg_catalog.text NOT NULL DEFAULT current_user,
    actor pg_catalog.text,
    host pg_catalog.text,
    git_commit pg_catalog.text,
    runner_version pg_catalog.text
);
COMMENT ON TABLE _runner_migration IS
'What runner did with each migration: append-only. yoyo''s own table says what is applied now.';
CREATE INDEX IF NOT EXISTS _runner_migration_migration_id_idx
ON _runner_migration (migration_id, id DESC);
ALTER TABLE _runner_migration ADD COLUMN IF NOT EXISTS rows_affected bigint;

-- One row for each statement of a file that is not one transaction, from its beginning until the file is recorded.
CREATE TABLE IF NOT EXISTS _runner_journal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration_id pg_catalog.text NOT NULL,
    direction pg_catalog.text NOT NULL,
    step integer NOT NULL,
    statements integer NOT NULL,
    fingerprint pg_catalog.text NOT NULL,
    sql pg_catalog.text,
    seen pg_catalog.text,
    context pg_catalog.text,
    repeats bigint NOT NULL DEFAULT 0,
    rows_affected bigint NOT NULL DEFAULT 0,
    begun_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    done_at pg_catalog.timestamptz,
    actor pg_catalog.text,
    host pg_catalog.text,
    UNIQUE (migration_id, direction, step)
);
COMMENT ON TABLE _runner_journal IS
'How far runner came in files that are not one transaction. Empty unless one of them is unfinished.';
COMMENT ON COLUMN _runner_journal.step IS
'A statement or a BEGIN ... COMMIT block, counted from 1; 0 stands for the whole file.';
COMMENT ON COLUMN _runner_journal.statements IS
'How many statements the step holds; of step 0, the file.';
COMMENT ON COLUMN _runner_journal.fingerprint IS
'SHA-256 of the step''s SQL; of step 0, the file''s checksum.';
COMMENT ON COLUMN _runner_journal.seen IS
'What the catalog showed before the statement began.';
ALTER TABLE _runner_journal ADD COLUMN IF NOT EXISTS context pg_catalog.text;
COMMENT ON COLUMN _runner_journal.sql IS
'Of step 0, the file as it was begun; of a statement that was interrupted, its text.';
COMMENT ON COLUMN _runner_journal.context IS
'The session''s user, role, settings and temporary tables after the step, as JSON; of step 0, before the first.';
