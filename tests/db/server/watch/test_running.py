"""How far a long statement is, where the server reports it."""

from __future__ import annotations

import pytest

from runner.events import Over, Running

ROWS = 5000
# a row that is not got past before the test lets go of its advisory lock: no lock that is waited for, just work
HELD = f"""
CREATE SCHEMA app;
CREATE TABLE app.orders (id int);
INSERT INTO app.orders SELECT generate_series(1, {ROWS});
CREATE FUNCTION app.held(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    WHILE n = {ROWS} AND NOT pg_try_advisory_xact_lock_shared(1) LOOP END LOOP;
    RETURN n;
END $$;
"""


@pytest.fixture
def gate(connect):
    """Hold what app.held() needs; return what lets go of it."""
    holder = connect()
    holder.execute(HELD)
    holder.execute("SELECT pg_advisory_lock(1)")
    return lambda: holder.execute("SELECT pg_advisory_unlock(1)")


def test_a_command_that_reports_nothing_has_its_time(connect, watching, gate):
    watching.start(connect, "SELECT app.held(id) FROM app.orders")
    first, second = watching.until(Running), watching.until(Running)
    assert first.progress is None
    assert 0 < first.elapsed_s < second.elapsed_s
    gate()
    watching.finish()
    assert watching.until(Over) == Over(what="0001_a")


@pytest.mark.parametrize(
    ("before", "statement", "command", "phase", "unit"),
    [
        pytest.param(
            "SELECT 1",
            "CREATE INDEX ON app.orders (app.held(id))",
            "CREATE INDEX",
            "building index: scanning table",
            "blocks",
            id="index",
        ),
        pytest.param(
            "SELECT 1",
            "CREATE INDEX CONCURRENTLY ON app.orders (app.held(id))",
            "CREATE INDEX CONCURRENTLY",
            "building index: scanning table",
            "blocks",
            id="index, concurrently",
        ),
        pytest.param(
            "CREATE INDEX ON app.orders ((id + 1)) WHERE id < 0; SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1",
            "VACUUM (DISABLE_PAGE_SKIPPING) app.orders",
            "VACUUM",
            "scanning heap",
            "blocks",
            id="vacuum",
        ),
        pytest.param(
            "SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1",
            "ANALYZE app.orders",
            "ANALYZE",
            ("acquiring sample rows", "computing statistics"),
            "blocks",
            id="analyze",
        ),
    ],
)
def test_progress_is_read_from_the_view_of_the_command(
    connect, watching, gate, before, statement, command, phase, unit
):
    for part in before.split("; "):
        watching.conn.execute(part.encode())
    watching.start(connect, statement)
    progress = watching.until(Running, lambda seen: bool(seen.progress and seen.progress.done)).progress
    assert progress is not None
    assert (progress.command, progress.relation, progress.unit) == (command, "app.orders", unit)
    assert progress.phase in phase
    assert progress.percent is not None
    assert 0 < progress.percent <= 100
    gate()


def test_a_rewrite_is_reported(connect, watching, gate):
    gate()
    connect().execute("CREATE INDEX ON app.orders (app.held(id))")
    holder = connect()
    holder.execute("SELECT pg_advisory_lock(1)")
    watching.start(connect, "VACUUM FULL app.orders")
    progress = watching.until(Running, lambda seen: seen.progress is not None).progress
    assert progress is not None
    assert (progress.command, progress.relation, progress.phase) == (
        "VACUUM FULL",
        "app.orders",
        "rebuilding index",
    )
    assert progress.percent is None
    holder.execute("SELECT pg_advisory_unlock(1)")


def test_a_copy_counts_its_rows(connect, watching, gate):
    watching.start(connect, "COPY (SELECT app.held(id) FROM app.orders) TO '/dev/null'")
    progress = watching.until(Running, lambda seen: bool(seen.progress and seen.progress.done)).progress
    assert progress is not None
    assert (progress.command, progress.relation, progress.unit) == ("COPY TO", None, "rows")
    assert progress.done is not None
    assert progress.done <= ROWS
    assert progress.percent is None
    gate()


def test_a_table_that_the_same_transaction_made_has_no_name_for_others(connect, watching, gate):
    watching.start(
        connect,
        "CREATE TABLE app.fresh AS SELECT id FROM app.orders; CREATE INDEX ON app.fresh (app.held(id))",
    )
    progress = watching.until(Running, lambda seen: seen.progress is not None).progress
    assert progress is not None
    assert (progress.command, progress.relation) == ("CREATE INDEX", None)
    gate()


def test_a_large_file_is_copied_from_with_its_size(connect, watching, gate):
    path = connect().execute("SELECT current_setting('data_directory') || '/copied'").fetchone()[0]
    connect().execute(f"COPY app.orders TO '{path}'")
    connect().execute(
        "CREATE FUNCTION app.hold() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM app.held(NEW.id); RETURN NEW; END'"
    )
    connect().execute(
        "CREATE TRIGGER hold BEFORE INSERT ON app.orders FOR EACH ROW EXECUTE FUNCTION app.hold()"
    )
    watching.start(connect, f"COPY app.orders FROM '{path}'")
    progress = watching.until(Running, lambda seen: bool(seen.progress and seen.progress.done)).progress
    assert progress is not None
    assert (progress.command, progress.relation, progress.unit) == ("COPY FROM", "app.orders", "bytes")
    assert progress.percent is not None
    gate()
