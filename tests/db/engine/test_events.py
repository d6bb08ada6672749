"""--log-format json: one object a line on stderr, with names and fields that docs/observability.md promises."""

from __future__ import annotations

import ast
import json
import re
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
DOCS = (ROOT / "docs/observability.md").read_text("utf-8")
DOCUMENTED = {
    name: set(re.findall(r"`([a-z_0-9]+)`", fields))
    for name, fields in re.findall(r"^\| `([a-z_.]+)` \| [^|]* \|([^|]*)\|$", DOCS, re.MULTILINE)
}
ALWAYS = {"time", "level", "event", "message"}
JSON = ("--log-format", "json")


def events(text: str) -> list[dict[str, Any]]:
    """Read every line, and hold it against the documented table."""
    found = [json.loads(line) for line in text.splitlines()]
    for event in found:
        assert set(event) >= ALWAYS
        assert event["event"] in DOCUMENTED, event
        optional = {"database", "migration", "duration_ms"}
        assert set(event) - ALWAYS - optional <= DOCUMENTED[event["event"]], event
        assert event["level"] in {"info", "warning", "error"}
        moment = datetime.fromisoformat(event["time"])
        assert event["time"].endswith("Z")
        assert moment.tzinfo is not None
    return found


def names(text: str) -> list[str]:
    return [event["event"] for event in events(text)]


def one(text: str, name: str) -> dict[str, Any]:
    return next(event for event in events(text) if event["event"] == name)


def test_a_run_tells_each_thing_as_it_happens(project):
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.write("0002_b", "DO $$ BEGIN RAISE WARNING 'careful'; END $$;", "SELECT 1;")
    done = project.ok("migrate", *JSON)
    assert done.out == ""
    assert names(done.err) == [
        "database.opened",
        "migration.applied",
        "server.notice",
        "migration.applied",
        "database.finished",
    ]
    applied = one(done.err, "migration.applied")
    assert applied["migration"] == "0001_a"
    assert applied["database"] == one(done.err, "database.opened")["database"]
    assert isinstance(applied["duration_ms"], int)
    assert applied["path"] == "migrations/0001_a.sql"
    finished = one(done.err, "database.finished")
    assert (finished["steps"], finished["pending"], finished["newest"]) == (2, 0, "0002_b")
    assert one(done.err, "server.notice")["level"] == "warning"
    done = project.ok("rollback", "--yes", *JSON)
    assert names(done.err) == ["database.opened", "migration.rolled_back", "database.finished"]


def test_the_environment_and_the_settings_choose_it_too(project):
    project.write("0001_a")
    assert names(project.ok("migrate", RUNNER_LOG_FORMAT="json").err)[0] == "database.opened"
    project.write("runner.toml", 'log_format = "json"\n')
    assert names(project.ok("migrate").err) == ["database.opened", "database.finished"]
    assert "up to date" in project.ok("migrate", "--log-format", "text").out


def test_an_error_is_one_line_with_all_that_is_known(project):
    project.write("0001_a", "CREATE TABLE a ();\nSELECT nope;\n")
    done = project.run("migrate", *JSON)
    assert done.code == 1
    error = one(done.err, "error")
    assert error["message"] == 'column "nope" does not exist'
    assert (error["kind"], error["sqlstate"], error["exit_code"]) == ("migration_failed", "42703", 1)
    assert error["where"] == {"path": "migrations/0001_a.sql", "line": 2, "column": 8}
    assert error["text"].startswith("error: column")


@pytest.mark.parametrize("arguments", [["migrate", "--nope"], ["nope"], ["migrate", "--steps", "x"]])
def test_a_mistake_in_the_command_line_has_the_same_form(project, arguments):
    done = project.run(*arguments, *JSON)
    assert (done.code, names(done.err)) == (2, ["error"])
    done = project.run(*arguments, RUNNER_LOG_FORMAT="json")
    assert (done.code, names(done.err)) == (2, ["error"])


def test_with_json_the_result_is_on_stdout_and_the_events_are_on_stderr(project):
    project.write("0001_a")
    done = project.ok("migrate", "--json", *JSON)
    assert done.data["databases"][0]["steps"][0]["id"] == "0001_a"
    assert "migration.applied" in names(done.err)
    project.write("0002_b", "SELECT nope;")
    done = project.run("migrate", "--json", *JSON)
    assert done.data["error"]["sqlstate"] == one(done.err, "error")["sqlstate"] == "42703"


def test_what_keeps_a_database_tells_it_too_and_prints_nothing_else(project, tmp_path):
    project.write("0001_a", "CREATE TABLE a AS SELECT generate_series(1, 99) AS id;", "DROP TABLE a;")
    project.ok("migrate")
    done = project.ok("maintenance", *JSON)
    assert (done.out, names(done.err)[0], names(done.err)[-1]) == ("", "database.opened", "database.finished")
    task = next(event for event in events(done.err) if event.get("subject") == "public.a")
    assert (task["event"], task["state"], task["kind"]) == ("maintenance.task", "done", "analyze")
    done = project.ok("backup", "--to", str(tmp_path), *JSON)
    assert (done.out, names(done.err)) == ("", ["backup.taken"])
    into = project.parameters["dbname"] + "_restored"
    done = project.ok("restore", str(tmp_path), "--into", into, *JSON)
    project.query(f"DROP DATABASE {into}")
    assert (done.out, names(done.err)[-1]) == ("", "restore.done")
    assert one(done.err, "restore.done")["into"] == into


def test_other_commands_keep_their_result_and_log_their_errors(project):
    project.write("0001_a")
    done = project.ok("status", *JSON)
    assert "1 pending" in done.out
    assert done.err == ""
    done = project.run("status", *JSON, DATABASE_URL="postgresql://u@127.0.0.1:1/x")
    assert (done.code, names(done.err)) == (4, ["error"])


def test_a_wait_for_a_lock_names_who_holds_it(project, session):
    project.write("0001_a", "CREATE TABLE a ();")
    project.ok("migrate")
    project.write("0002_b", "ALTER TABLE a ADD COLUMN b int;")
    session.execute("BEGIN; LOCK TABLE a")
    done = project.run("migrate", *JSON, "--lock-timeout", "1500ms", "--lock-retries", "1")
    assert done.code == 4
    waiting = one(done.err, "statement.waiting")
    assert (waiting["migration"], waiting["mode"], waiting["wanted"]) == (
        "0002_b",
        "ACCESS EXCLUSIVE",
        "public.a",
    )
    assert waiting["holders"][0]["pid"] == session.info.backend_pid
    retrying = one(done.err, "migration.retrying")
    assert (retrying["try"], retrying["tries"], retrying["sqlstate"]) == (1, 1, "55P03")
    assert retrying["database"]
    assert one(done.err, "error")["exit_code"] == 4


def test_another_runner_is_waited_for_and_named(project, session):
    project.write("0001_a")
    session.execute("SELECT pg_advisory_lock(%s)", [int.from_bytes(b"runner")])
    done = project.run("migrate", *JSON, "--lock-wait", "0.2")
    assert done.code == 4
    assert one(done.err, "lock.waiting")["pid"] == session.info.backend_pid


def test_a_signal_is_an_error_too(project):
    project.write("0001_a", "SELECT pg_sleep(60);")
    run = project.start("migrate", *JSON)
    project.wait_for(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND datname = current_database() AND pid <> pg_backend_pid()"
    )
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 143
    assert one(err, "error")["kind"] == "stopped"


def test_every_event_that_the_program_tells_is_documented_and_no_other():
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "runner").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    told = {
        keyword.value.value
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Notice"
        for keyword in node.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    }
    assert len(told) > 10
    assert sorted(told - set(DOCUMENTED)) == []
    constants = {node.value for node in nodes if isinstance(node, ast.Constant)}
    assert sorted(set(DOCUMENTED) - constants) == []
