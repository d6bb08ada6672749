"""What commands say: for people as whole outputs, for programs as a contract."""

from __future__ import annotations

import re

import pytest


def steady(text: str, project) -> str:
    """Replace what differs from run to run."""
    text = text.replace(project.parameters["dbname"], "DB")
    text = re.sub(r"on 127\.0\.0\.1:\d+|on /\S+", "on HOST", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "WHEN", text)
    return re.sub(r" *\b[\d.]+ m?s\b", " TOOK", text)


@pytest.fixture
def mixed(project):
    """One migration in each situation."""
    project.write(
        "sql/functions/one.sql", "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    )
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.write("0002_gone", "SELECT 2;")
    project.write("0004_d", "SELECT 4;")
    project.ok("migrate")
    project.remove("0002_gone")
    project.write("0001_a", "CREATE TABLE a (id bigint);", "DROP TABLE a;")
    project.write(
        "sql/functions/one.sql", "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 3';"
    )
    project.write("0003_c", "SELECT 3;")
    project.write("0005_e", "-- transactional: false\nVACUUM;")
    return project


def test_status_shows_every_situation(mixed):
    assert steady(mixed.ok("status").out, mixed) == (
        "DB  DB on HOST\n"
        "  missing       0002_gone  WHEN  tester TOOK\n"
        "  outdated      one        WHEN  tester TOOK  repeatable\n"
        "  edited        0001_a     WHEN  tester TOOK\n"
        "  out of order  0003_c\n"
        "  applied       0004_d     WHEN  tester TOOK\n"
        "  pending       0005_e     not transactional\n"
        "  1 applied, 1 pending, 1 out of order, 1 outdated, 1 edited, 1 missing; at 0004_d\n"
    )


def test_status_as_json_is_a_contract(mixed):
    (database,) = mixed.ok("status", "--json").data["databases"]
    assert set(database) == {
        "database",
        "current",
        "newest",
        "counts",
        "remark",
        "lock",
        "yoyo_lock",
        "migrations",
    }
    assert database["current"] is False
    assert database["newest"] == "0004_d"
    assert database["counts"] == {
        "applied": 1, "pending": 1, "out of order": 1, "outdated": 1, "edited": 1, "missing": 1,
    }  # fmt: skip
    edited = next(m for m in database["migrations"] if m["situation"] == "edited")
    assert set(edited) == {
        "id", "situation", "kind", "path", "checksum", "applied_at", "applied_by", "db_user", "host", "git_commit",
        "applied_checksum", "duration_ms", "rows", "partial", "failure", "failure_of_this_version", "reversible",
    }  # fmt: skip
    assert edited["applied_by"] == "tester"
    assert edited["reversible"] is True
    assert edited["checksum"] != edited["applied_checksum"]


def test_check_exits_with_3_unless_all_is_applied(project):
    project.write("0001_a")
    assert project.run("status", "--check").code == 3
    project.ok("migrate")
    project.ok("status", "--check")


def test_status_names_the_holder_of_the_migration_lock(project, session):
    project.write("0001_a")
    project.ok("migrate")
    from runner.engine.history.message import LOCK_KEY

    session.execute(
        "SELECT pg_advisory_lock(%s), set_config('application_name', 'someone', false)", [LOCK_KEY]
    )
    pid = session.info.backend_pid
    out = project.ok("status").out
    assert (
        f"the migration lock is held by pid {pid} (someone, user {project.parameters['user']}, from 127.0.0.1)"
        in out
    )
    project.write("0002_b")
    busy = project.run("migrate", "--lock-wait", "0.2")
    assert busy.code == 4
    assert f"It is held by pid {pid} (someone" in busy.err


def test_plan_is_sql_that_psql_can_run(project, new_project):
    project.write("0001_a", "-- why\nCREATE TABLE a (id int) -- no semicolon", "DROP TABLE a;")
    project.write("0002_b", "-- transactional: false\nVACUUM;\n", "-- transactional: true\nSELECT 1;")
    out = project.ok("plan").out
    assert steady(out, project) == (
        "-- DB: DB on HOST\n"
        "\n"
        "-- apply 0001_a (migrations/0001_a.sql): one transaction\n"
        "BEGIN;\n"
        "-- why\n"
        "CREATE TABLE a (id int) -- no semicolon\n"
        ";\n"
        "COMMIT;\n"
        "\n"
        "-- apply 0002_b (migrations/0002_b.sql): statement by statement, each its own transaction\n"
        "-- transactional: false\n"
        "VACUUM;\n"
    )
    other = new_project()
    other.write("plan.txt", out)
    done = other.run("exec", "--", "psql", "-v", "ON_ERROR_STOP=1", "-f", "plan.txt")
    assert done.code == 0, done.err
    assert other.tables() == {"a"}
    project.ok("migrate")
    back = project.ok("plan", "--rollback", "--all", "--json").data["databases"][0]
    assert [(s["id"], s["action"], s["sql"]) for s in back["steps"]] == [
        ("0002_b", "rollback", "-- transactional: true\nSELECT 1;"),
        ("0001_a", "rollback", "DROP TABLE a;"),
    ]


def test_plan_does_not_touch_the_database(project):
    project.write("0001_a")
    project.ok("plan")
    assert project.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_migrate_tells_its_story(project):
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.write("0002_b")
    first = steady(project.ok("migrate", "--no-validate").out, project)
    assert first == (
        "DB  DB on HOST\n"
        "  applied      0001_a TOOK\n"
        "  applied      0002_b TOOK\n"
        "  2 migrations applied in TOOK; at 0002_b\n"
    )


def test_migrate_as_json_is_a_contract(project):
    project.write("0001_a")
    (database,) = project.ok("migrate", "--json").data["databases"]
    assert set(database) == {
        "database",
        "steps",
        "pending",
        "newest",
        "warnings",
        "validation",
        "backup",
        "duration_ms",
    }
    (step,) = database["steps"]
    assert set(step) == {"id", "action", "path", "checksum", "transactional", "duration_ms", "rows"}
    assert (step["id"], step["action"], step["path"]) == ("0001_a", "apply", "migrations/0001_a.sql")
    assert (
        database["validation"]["skipped"]
        == "there is no sql/schema/schema.sql; write it with: runner snapshot"
    )


def test_errors_as_json_are_a_contract(project):
    project.write("0001_a", "SELECT nope;")
    done = project.run("migrate", "--json")
    assert done.code == 1
    assert done.data["error"] == {
        "kind": "migration_failed",
        "message": 'column "nope" does not exist',
        "database": None,
        "where": {"path": "migrations/0001_a.sql", "line": 1, "column": 8},
        "detail": "Statement 1 of 1, SQLSTATE 42703; the migration was rolled back whole.",
        "hint": None,
        "sqlstate": "42703",
        "exit_code": 1,
    }


@pytest.mark.parametrize(
    ("args", "message"),
    [
        pytest.param(
            ["migarte"], "No such command 'migarte'. Did you mean 'migrate'?", id="misspelt command"
        ),
        pytest.param(["migrate", "--stpes", "1"], "no such option '--stpes'", id="misspelt option"),
        pytest.param(
            ["migrate", "--steps", "0"],
            "invalid value for '--steps': 0 is not in the range x>=1",
            id="bad value",
        ),
    ],
)
def test_usage_errors_say_what_was_meant(project, args, message):
    project.write("0001_a")
    done = project.run(*args)
    assert done.code == 2
    assert message.lower() in done.err.lower()


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("create", "runner new NAME"),
        ("init", "runner new NAME"),
        ("current", "runner status --history"),
        ("history", "runner status --history"),
        ("log", "runner status --history"),
        ("redo", "runner rollback, then runner migrate"),
        ("drop", "No command empties or drops a database"),
        ("clean", "No command empties or drops a database"),
        ("reset", "No command empties or drops a database"),
    ],
)
def test_a_word_of_another_tool_gets_its_answer(project, word, hint):
    done = project.run(word, DATABASE_URL="")
    assert done.code == 2
    assert f'no such command "{word}"' in done.err
    assert hint in done.err


def test_each_answer_names_commands_that_are_there():
    from runner.cli.group import ALIASES, COMMANDS, ELSEWHERE

    for word, hint in ELSEWHERE.items():
        assert word not in {*COMMANDS, *ALIASES}
        assert set(re.findall(r"runner ([a-z]+)", hint)) <= set(COMMANDS)


def test_help_is_a_command_too(project):
    assert project.ok("help", DATABASE_URL="").out == project.ok("--help", DATABASE_URL="").out
    shown = project.ok("help", "local", "start", DATABASE_URL="").out
    assert shown == project.ok("local", "start", "--help", DATABASE_URL="").out


def test_settings_come_from_flag_then_environment_then_file(project):
    project.write("runner.toml", 'migrations-dirs = ["db"]\n')
    project.write("db/0001_a.sql")
    project.write("env/0002_b.sql")
    project.write("flag/0003_c.sql")

    def ids(*args: str, **environ: str) -> list[str]:
        return [
            m["id"]
            for m in project.ok("status", "--json", *args, **environ).data["databases"][0]["migrations"]
        ]

    with pytest.raises(AssertionError, match="Perhaps you meant migrations_dir"):
        ids()
    project.write("runner.toml", 'migrations_dir = ["db"]\n')
    assert ids() == ["0001_a"]
    assert ids(RUNNER_MIGRATIONS_DIR="env") == ["0002_b"]
    assert ids("--migrations-dir", "flag", RUNNER_MIGRATIONS_DIR="env") == ["0003_c"]


def test_commands_work_from_a_folder_below_the_project(project):
    project.write("0001_a")
    (project.root / "deep/er").mkdir(parents=True)
    below = type(project)(project.root / "deep/er", project.parameters)
    assert below.ok("status", "--json").data["databases"][0]["migrations"][0]["id"] == "0001_a"


def test_new_writes_a_pair_numbered_after_the_newest(project):
    project.write("migrations/shop/0041_x.sql")
    assert project.ok("new", "Add orders: note!", "--database", "shop").out == (
        "migrations/shop/0042_add_orders_note.sql\nmigrations/shop/0042_add_orders_note.rollback.sql\n"
    )
    text = (project.root / "migrations/shop/0042_add_orders_note.sql").read_text()
    assert text.splitlines()[:2] == [
        "-- Add orders note.",
        "-- Locks: which tables, in which mode, and who waits.",
    ]


@pytest.mark.parametrize(
    ("files", "written"),
    [
        pytest.param(
            [], ["migrations/0001_x.sql", "migrations/0001_x.rollback.sql"], id="first of a project"
        ),
        pytest.param(
            ["migrations/up/009_a.sql", "migrations/down/009_a.sql"],
            ["migrations/up/010_x.sql", "migrations/down/010_x.sql"],
            id="up and down",
        ),
        pytest.param(
            ["migrations/V9__a.sql"], ["migrations/V10__x.sql", "migrations/V10__x.rollback.sql"], id="V1__"
        ),
    ],
)
def test_new_keeps_to_the_shape_that_is_there(project, files, written):
    for name in files:
        project.write(name)
    assert project.ok("new", "x", DATABASE_URL="").out.split() == written


def test_help_and_version_import_click_only(project):
    code = (
        "import sys\n"
        "sys.argv = ['runner', '{}']\n"
        "from runner.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({{m.partition('.')[0] for m in sys.modules}} - set(sys.stdlib_module_names)), file=sys.stderr)"
    )
    for flag in ("--help", "--version"):
        import sys

        done = project.command([sys.executable, "-S", "-c", code.format(flag)], PYTHONPATH=":".join(sys.path))
        assert done.err.strip() == "['__main__', 'click', 'runner']", done.err


def test_the_list_of_commands_is_whole_on_a_narrow_terminal(project):
    listed = project.ok("--help", COLUMNS="80", DATABASE_URL="").out.partition("Commands:\n")[2]
    assert "..." not in listed
    assert "  doctor       Examine connection, role, server, sessions and leftovers.\n" in listed


def test_colour_is_for_terminals_and_can_be_declined(project):
    project.write("0001_a")
    assert "\x1b[" not in project.ok("status").out
    assert "\x1b[" in project.ok("status", FORCE_COLOR="1").out
    assert "\x1b[" not in project.ok("status", FORCE_COLOR="1", NO_COLOR="1").out


def test_lint_reports_what_migrate_would_only_warn_of(project):
    project.write("0001_a", "-- nothing\n")
    project.write("0002_b", "SELECT 'open;", "SELECT 1;")
    done = project.run("lint", DATABASE_URL="")
    assert done.code == 3
    assert "migrations/0001_a.sql: error: the file holds no statement [empty]" in done.out
    assert "migrations/0001_a.sql: error: 0001_a cannot be undone [rollback-missing]" in done.out
    assert "migrations/0002_b.sql:1:8: error: unterminated string [refused]" in done.out


def test_a_closed_pipe_is_no_error(project):
    import subprocess
    import sys

    for n in range(300):
        project.write(f"{n:04}_a")
    from tests.db.engine.conftest import clean_environment

    shell = f"{sys.executable} -m runner plan | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell], cwd=project.root, capture_output=True, text=True, check=False,
        env={**clean_environment(), "DATABASE_URL": project.url},
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == ""


def test_a_failure_of_an_earlier_version_of_the_file_is_not_told_as_one_of_this(project):
    project.write("0001_a", "CREATE TABEL a (id int);")
    assert project.run("migrate").code == 1
    assert "failed  0001_a" in project.ok("status").out
    project.write("0001_a", "CREATE TABLE a (id int);")
    status = project.ok("status").out
    assert "pending  0001_a" in status
    assert 'an earlier version of the file failed: syntax error at or near "TABEL"' in status
    assert "1 pending; empty" in status
    (migration,) = project.ok("status", "--json").data["databases"][0]["migrations"]
    assert (migration["situation"], migration["failure_of_this_version"]) == ("pending", False)
    project.write("0001_a", "CREATE TABEL a (id int);")
    assert "failed  0001_a" in project.ok("status").out


@pytest.mark.parametrize("kind", ["", "-- transactional: false\nSELECT 1;\n"], ids=["whole", "in part"])
def test_a_post_apply_that_failed_is_not_applied(project, kind):
    project.write("0001_a", "CREATE TABLE a ();\n")
    project.write("migrations/post-apply.sql", f"{kind}SELECT 1/0;\n")
    assert project.run("migrate").code == 1
    done = project.run("status", "--check")
    assert done.code == 3
    assert re.search("(failed|partial) +post-apply", done.out)
    assert project.run("wait", "--for", "applied", "--timeout", "1s").code != 0
    project.write("migrations/post-apply.sql", f"{kind}SELECT 1;\n")
    if kind:
        project.ok("repair", "continue", "post-apply", "--reason", "corrected")
    project.ok("migrate")
    assert project.run("status", "--check").code == 0


def test_what_is_in_effect_already_is_not_told_as_still_to_come(project):
    project.write(
        "0001_a", "-- transactional: false\nCREATE TABLE a ();\nSELECT nope();\nCREATE TABLE b ();\n"
    )
    project.run("migrate")
    said = project.ok("plan").out
    assert "-- warning: 0001_a is begun: 1 of 3 statements are in effect and are not run again" in said
    assert "  1 partial\n" in project.ok("status").out


def test_the_hook_is_not_counted_as_a_migration(project):
    project.write("0001_a", "CREATE TABLE a ();")
    project.write("migrations/post-apply.sql", "SELECT 1;\n")
    assert "  1 migration applied in " in project.ok("migrate").out
