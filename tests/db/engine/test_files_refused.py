"""What may not be run is refused before anything is, whichever command reads it; what is applied blocks nothing."""

from __future__ import annotations

import pytest

READERS = (
    ["migrate"],
    ["migrate", "--dry-run"],
    ["plan"],
    ["status"],
    ["validate"],
    ["lint"],
    ["verify", "--all"],
    ["snapshot"],
    ["baseline"],
    ["doctor"],
    ["rollback", "--yes"],
    ["wait", "--for", "applied", "--timeout", "1s"],
)


@pytest.mark.parametrize("command", READERS, ids=" ".join)
@pytest.mark.parametrize(
    ("tool", "files"),
    [
        pytest.param(
            "goose",
            {"0001_users": "-- +goose Up\nCREATE TABLE users ();\n-- +goose Down\nDROP TABLE users;\n"},
            id="a mark",
        ),
        pytest.param(
            "golang-migrate",
            {"0001_users.up": "CREATE TABLE users ();", "0001_users.down": "DROP TABLE users;"},
            id="names",
        ),
        pytest.param(
            "diesel",
            {"0001_users/up": "CREATE TABLE users ();", "0001_users/down": "DROP TABLE users;"},
            id="folders",
        ),
    ],
)
def test_every_command_that_reads_files_refuses_those_of_another_tool(project, command, tool, files):
    project.query("CREATE TABLE users (id int)")
    for name, content in files.items():
        project.write(f"migrations/{name}.sql", content)
    done = project.run(
        *command, *(["--scratch-url", project.url] if command[0] in {"verify", "snapshot"} else [])
    )
    assert done.code == 2, done.out + done.err
    assert tool in done.err
    assert "Nothing was run." in done.err
    assert project.tables() == {"users"}
    assert project.query("SELECT to_regclass('_yoyo_migration')") == [(None,)]


NEAR_MISSES = "-- Batch: true\n-- lock_timeout = 5s\n-- team: billing\n"


def test_all_problems_of_all_pending_files_are_told_at_once(project):
    project.write("0001_a", f"{NEAR_MISSES}CREATE TABLE a ();", "-- transactionnal: false\nDROP TABLE a;")
    project.write("0002_b", "-- depends: on the billing team\nCREATE TABLE b ();")
    said = {}
    for command in ("plan", "migrate"):
        done = project.run(command)
        assert done.code == 2
        said[command] = done.err
    assert said["plan"] == said["migrate"]
    for place in ("0001_a.sql:1:4", "0001_a.sql:2:4", "0001_a.rollback.sql:1:4", "0002_b.sql:1:13"):
        assert f"migrations/{place}" in said["plan"]
    assert "Write: -- batch: true" in said["plan"]
    assert project.tables() == set()


@pytest.fixture
def applied(project):
    """A file that is applied, and whose comment would not be accepted in a pending one."""
    text = f"{NEAR_MISSES}-- depends: on the billing team\nCREATE TABLE a ();\n"
    project.write("0001_a", "CREATE TABLE a ();\n", "DROP TABLE a;")
    project.ok("migrate")
    project.write("0001_a", text, "DROP TABLE a;")
    project.ok("repair", "accept", "0001_a", "--reason", "a comment")
    return project


def test_an_applied_file_blocks_nothing(applied):
    for command in ("status", "plan", "doctor"):
        applied.ok(command)
    assert "there is no sql/schema/schema.sql" in applied.run("validate").out
    applied.write("0002_b", "CREATE TABLE b ();", "DROP TABLE b;")
    done = applied.ok("migrate")
    assert 'its depends directive names "on", which is not a migration' in done.err
    applied.ok("rollback", "--yes", "--steps", "2")
    assert applied.tables() == set()
    assert applied.run("migrate").code == 2


def test_lint_lists_every_problem_of_an_applied_file(applied):
    done = applied.run("lint", "--no-squawk", DATABASE_URL="")
    assert done.code == 3
    for place in ("1:4", "2:4", "4:13"):
        assert f"migrations/0001_a.sql:{place}: error:" in done.out


def test_the_rollback_that_is_to_be_run_is_looked_at(project):
    project.write("0001_a", "CREATE TABLE a ();", "DROP TABLE a;")
    project.ok("migrate")
    project.write("0001_a", "CREATE TABLE a ();", "-- Transactional: false\nDROP TABLE a;")
    done = project.run("rollback", "--yes")
    assert done.code == 2
    assert "Write: -- transactional: false" in done.err
    assert project.tables() == {"a"}


UNWRITTEN = "-- Undo it.\n-- Locks: which tables, in which mode, and who waits.\n\n"


@pytest.mark.parametrize("command", ["plan", "migrate"])
@pytest.mark.parametrize(
    ("text", "rollback", "message"),
    [
        pytest.param(UNWRITTEN, None, "unchanged since runner wrote it", id="unwritten"),
        pytest.param("SELECT 1;", UNWRITTEN, "unchanged since runner wrote it", id="unwritten rollback"),
        pytest.param("SELECT 1;", "SELECT 'a", "unterminated string", id="a rollback without end"),
        pytest.param("SELECT 1;", "COMMIT;", "transaction control", id="a rollback that commits"),
        pytest.param("VACUUM;", None, "VACUUM cannot run inside a transaction", id="VACUUM"),
        pytest.param("-- copy: a from data/none.csv", None, "no file data/none.csv", id="no data"),
    ],
)
def test_plan_refuses_what_migrate_refuses(project, command, text, rollback, message):
    project.write("0001_a", text, rollback)
    done = project.run(command)
    assert done.code == 2, done.out
    assert message in done.err
    assert project.applied() == []
