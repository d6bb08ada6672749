"""A database migrated by stock yoyo or by us is understood by the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.db.engine.conftest import VENV_BIN


@pytest.fixture
def files(project):
    """Two migrations that either tool can run; the second depends on a later name."""
    project.write("0001_a", "-- depends: 0002_b\nCREATE TABLE a (id int);", "DROP TABLE a;")
    project.write("0002_b", "CREATE TABLE b (id int);", "DROP TABLE b;")
    return project


def statuses(listing: str) -> list[tuple[str, str]]:
    rows = [line.split() for line in listing.splitlines()[2:]]
    return [(row[1], row[0]) for row in rows if len(row) > 1]


def test_what_we_apply_yoyo_lists_and_rolls_back(files):
    files.ok("migrate")
    listing = files.yoyo("list")
    assert listing.code == 0, listing.err
    assert statuses(listing.out) == [("0002_b", "A"), ("0001_a", "A")]
    back = files.yoyo("rollback", "--all")
    assert back.code == 0, back.err
    assert files.tables() == set()
    assert statuses(files.yoyo("list").out) == [("0002_b", "U"), ("0001_a", "U")]
    assert files.ok("status", "--json").data["databases"][0]["counts"] == {"pending": 2}
    files.ok("migrate")
    assert files.tables() == {"a", "b"}


def test_what_yoyo_applies_we_know_and_roll_back(files):
    done = files.yoyo("apply")
    assert done.code == 0, done.err
    assert "up to date" in files.ok("migrate").out
    status = files.ok("status", "--json").data["databases"][0]
    assert [(m["id"], m["situation"]) for m in status["migrations"]] == [
        ("0002_b", "applied"),
        ("0001_a", "applied"),
    ]
    files.ok("rollback", "--all", "--yes")
    assert files.tables() == set()
    assert files.yoyo("apply").code == 0
    assert files.tables() == {"a", "b"}


def test_the_two_take_turns(files):
    files.ok("migrate", "--steps", "1")
    assert files.yoyo("apply").code == 0
    files.write("0003_c", "CREATE TABLE c (id int);", "DROP TABLE c;")
    files.ok("migrate")
    assert files.applied() == ["0002_b", "0001_a", "0003_c"]
    assert statuses(files.yoyo("list").out) == [("0002_b", "A"), ("0001_a", "A"), ("0003_c", "A")]


def test_what_yoyo_applied_again_is_not_taken_for_our_old_version(files):
    files.ok("migrate")
    assert files.yoyo("rollback", "--all").code == 0
    files.write("0002_b", "CREATE TABLE b (id bigint);", "DROP TABLE b;")
    assert files.yoyo("apply").code == 0
    assert "up to date" in files.ok("migrate").out


def test_our_tables_have_yoyos_own_layout(files, new_project):
    files.ok("migrate")
    other = new_project()
    assert other.yoyo("apply").code == 0
    columns = (
        "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_name LIKE '%yoyo%' ORDER BY 1, ordinal_position"
    )
    assert files.query(columns) == other.query(columns)
    keys = (
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid::regclass::text LIKE '%yoyo%' ORDER BY 1"
    )
    assert files.query(keys) == other.query(keys)
    version = "SELECT version FROM _yoyo_version"
    assert files.query(version) == other.query(version)


def test_a_yoyo_at_work_is_waited_for_and_then_named(files):
    files.ok("migrate", "--steps", "1")
    files.query("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 4711)")
    done = files.run("migrate", "--lock-wait", "0")
    assert done.code == 4
    assert "yoyo's lock is held by process 4711" in done.err
    assert "yoyo break-lock" in done.err
    assert "yoyo's lock is held by process 4711" in files.run("status").out
    assert files.yoyo("break-lock").code == 0
    files.ok("migrate")


def test_a_row_that_a_dead_runner_left_is_removed(files):
    files.ok("migrate", "--steps", "1")
    files.query("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), -4711)")
    files.ok("migrate")
    assert files.query("SELECT * FROM yoyo_lock") == []


def test_a_yoyo_ini_user_switches_without_conversion(files):
    url = files.url.replace("postgresql://", "postgresql+psycopg://")
    files.write("yoyo.ini", f"[DEFAULT]\nsources = %(here)s/migrations\ndatabase = {url}\nbatch_mode = on\n")
    from tests.db.engine.conftest import VENV_BIN

    applied = files.command([str(VENV_BIN / "yoyo"), "apply", "--batch"])
    assert applied.code == 0, applied.err
    files.write("0003_c", "CREATE TABLE c (id int);", "DROP TABLE c;")
    assert "1 migration applied" in files.ok("migrate", DATABASE_URL="").out
    assert files.applied() == ["0002_b", "0001_a", "0003_c"]


def test_applied_python_migrations_may_stay(files):
    files.write(
        "migrations/0000_old.py", 'from yoyo import step\n\nsteps = [step("CREATE TABLE old (id int)")]\n'
    )
    refused = files.run("migrate")
    assert refused.code == 2
    assert "0000_old is a Python migration, and runner runs only SQL" in refused.err
    assert files.yoyo("apply").code == 0
    assert "up to date" in files.ok("migrate").out


def test_sql_in_place_of_an_applied_python_migration_is_not_run_again(files):
    files.write(
        "migrations/0000_old.py", 'from yoyo import step\n\nsteps = [step("CREATE TABLE old (id int)")]\n'
    )
    assert files.yoyo("apply").code == 0
    refused = files.run("snapshot")
    assert refused.code == 2
    assert "a new or a scratch database needs it as SQL" in refused.err
    (files.root / "migrations/0000_old.py").unlink()
    files.write("0000_old", "CREATE TABLE old (id int);", "DROP TABLE old;")
    assert "up to date" in files.ok("migrate").out
    files.ok("snapshot")
    assert "schema validated" in files.ok("validate").out


def test_yoyos_post_apply_hook_runs_after_what_was_applied_until_it_succeeds(files):
    files.write("migrations/post-apply.sql", "INSERT INTO seen DEFAULT VALUES;")
    failed = files.run("migrate")
    assert failed.code == 1
    files.query("CREATE TABLE seen (id int GENERATED ALWAYS AS IDENTITY)")
    files.ok("migrate")
    files.ok("migrate")
    assert files.query("SELECT count(*) FROM seen") == [(1,)]
    files.write("0003_c", "CREATE TABLE c (id int);")
    files.ok("migrate")
    assert files.query("SELECT count(*) FROM seen") == [(2,)]


def test_a_table_of_another_name_is_found(files):
    url = files.url.replace("postgresql://", "postgresql+psycopg://")
    files.write(
        "yoyo.ini",
        f"[DEFAULT]\nsources = migrations\ndatabase = {url}\nmigration_table = _schema_history\nbatch_mode = on\n",
    )
    from tests.db.engine.conftest import VENV_BIN

    done = files.command([str(VENV_BIN / "yoyo"), "apply", "--batch"])
    assert done.code == 0, done.err
    assert "up to date" in files.ok("migrate").out


def test_the_stock_command_runs_over_our_backend(files):
    def yoyo(command: str, *args: str):
        url = files.url.replace("postgresql://", "postgresql+runner://")
        return files.command(
            [
                str(VENV_BIN / "yoyo"),
                command,
                "--batch",
                "--no-config-file",
                "--database",
                url,
                *args,
                "migrations",
            ]
        )

    files.write("0003_i", "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON a (id);", "DROP INDEX i;")
    files.write("0004_c", "COPY a FROM stdin;\n7\n\\.\n", "DELETE FROM a;")
    done = yoyo("apply")
    assert done.code == 0, done.err
    assert files.query("SELECT id FROM a") == [(7,)]
    assert statuses(yoyo("list").out)[0] == ("0002_b", "A")
    assert files.query("SELECT count(*) FROM _runner_migration WHERE sql IS NOT NULL") == [(4,)]
    assert "up to date" in files.ok("migrate").out
    back = yoyo("rollback", "--all")
    assert back.code == 0, back.err
    assert (files.tables(), files.applied()) == (set(), [])
    files.write("0002_b", "CREATE TABLE b (id int); SELECT nope;")
    refused = yoyo("apply")
    assert refused.code != 0
    assert "migrations/0002_b.sql:1:33" in refused.err
    assert "the migration was rolled back whole" in refused.err
    assert (files.tables(), files.applied()) == (set(), [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-- +goose Up\nCREATE TABLE g ();\n-- +goose Down\nDROP TABLE g;\n", "goose"),
        ("", "holds no statement"),
    ],
)
def test_the_stock_command_refuses_what_runner_refuses(project, text, said):
    url = project.url.replace("postgresql://", "postgresql+runner://")
    apply = [str(VENV_BIN / "yoyo"), "apply", "--batch", "--no-config-file", "--database", url, "migrations"]
    if text:
        project.write("0001_x", text)
    else:
        project.ok("new", "x")
    refused = project.command(apply)
    assert refused.code != 0
    assert said in refused.err or "unchanged since runner wrote it" in refused.err
    assert project.applied() == []


def test_the_stock_command_does_not_go_on_with_a_file_that_was_edited_half_way(project):
    url = project.url.replace("postgresql://", "postgresql+runner://")
    apply = [str(VENV_BIN / "yoyo"), "apply", "--batch", "--no-config-file", "--database", url, "migrations"]
    project.write("0001_x", "-- transactional: false\nCREATE TABLE c (id int);\nSELECT nope();\n")
    assert project.command(apply).code != 0
    project.write("0001_x", "-- transactional: false\nCREATE TABLE c (id int);\nSELECT 1;\n")
    assert "0001_x was edited after 1 of 2 statements had been run" in project.command(apply).err
    project.ok("repair", "continue", "0001_x", "--reason", "corrected")
    assert project.command(apply).code == 0


def test_the_stock_command_has_the_journal_and_the_batches_of_runner(files):
    url = files.url.replace("postgresql://", "postgresql+runner://")
    apply = [str(VENV_BIN / "yoyo"), "apply", "--batch", "--no-config-file", "--database", url, "migrations"]
    files.write("0003_c", "-- transactional: false\nCREATE TABLE c (id int);\nSELECT 1 / f FROM control;\n")
    files.query("CREATE TABLE control (f int); INSERT INTO control VALUES (0)")
    refused = files.command(apply)
    assert "1 of 2 statements is in effect" in refused.err
    files.query("UPDATE control SET f = 1")
    files.write("0004_d", "-- batch: true\nDELETE FROM c WHERE id IN (SELECT id FROM c LIMIT 2);\n")
    files.query("INSERT INTO c SELECT generate_series(1, 5)")
    done = files.command(apply)
    assert done.code == 0, done.err
    assert files.query("SELECT count(*) FROM c") == [(0,)]
    assert "up to date" in files.ok("migrate").out


def test_a_yoyo_that_comes_while_we_migrate_waits_and_then_knows(files, session):
    files.query("CREATE TABLE gate ()")
    files.ok("migrate")
    files.write("0003_c", "CREATE TABLE c (id int); LOCK TABLE gate;", "DROP TABLE c;")
    waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '{}'::regclass"
    with ThreadPoolExecutor() as pool:
        with session.transaction():
            session.execute("LOCK TABLE gate")
            ours = pool.submit(files.run, "migrate")
            while not files.query(waits.format("gate")):
                assert not ours.done()
            theirs = pool.submit(files.yoyo, "apply")
            while not files.query(waits.format("yoyo_lock")):
                assert not theirs.done()
        assert ours.result().code == 0
        assert theirs.result().code == 0, theirs.result().err
    assert files.query("SELECT count(*) FROM _yoyo_log WHERE migration_id = '0003_c'") == [(1,)]


def test_a_file_without_transaction_keeps_yoyo_out_by_yoyos_own_row(files, session):
    files.query("CREATE TABLE gate ()")
    files.ok("migrate")
    files.write(
        "0003_c",
        "-- transactional: false\nCREATE TABLE c (id int); ALTER TABLE gate ADD x int;",
        "DROP TABLE c;",
    )
    with ThreadPoolExecutor() as pool:
        with session.transaction():
            session.execute("LOCK TABLE gate")
            ours = pool.submit(files.run, "migrate")
            while not files.query("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'gate'::regclass"):
                assert not ours.done()
            ((pid,),) = files.query("SELECT pid FROM yoyo_lock")
            assert pid < 0
        ours.result()
    assert files.query("SELECT * FROM yoyo_lock") == []


def test_a_yoyo_lock_that_appears_during_the_run_takes_the_file_back(files):
    files.write(
        "0003_c", "CREATE TABLE c (id int); INSERT INTO yoyo_lock VALUES (1, now(), 4711);", "DROP TABLE c;"
    )
    done = files.run("migrate")
    assert done.code == 4
    assert "a yoyo command is running on this database" in done.err
    assert files.tables() == {"a", "b"}
    assert files.query("SELECT * FROM yoyo_lock") == []


def over_runner(project, *sources: str, command: str = "apply", **environ: str):
    """Run the stock command over our backend."""
    url = project.url.replace("postgresql://", "postgresql+runner://")
    given = [str(VENV_BIN / "yoyo"), command, "--batch", "--no-config-file", "--database", url]
    return project.command([*given, *(sources or ("migrations",))], **environ)


def test_the_stock_command_refuses_a_database_that_has_tables_and_no_history(project):
    project.environ = {}
    project.query("CREATE TABLE orders ()")
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    for _ in range(2):  # the first time makes history's tables
        refused = over_runner(project)
        assert refused.code == 1
        assert "has 1 table and no history of migrations" in refused.err
        assert "It has public.orders. Nothing was run." in refused.err
        assert "RUNNER_BESIDE_EXISTING=1" in refused.err
        assert project.tables() == {"orders"}
    assert project.run("migrate").code == 3
    assert over_runner(project, RUNNER_BESIDE_EXISTING="0").code == 1
    assert over_runner(project, RUNNER_IGNORE="table:public.order?").code == 0
    project.write("0002_b", "CREATE TABLE b (id int);")
    assert over_runner(project).code == 0
    assert project.tables() == {"orders", "a", "b"}


@pytest.mark.parametrize("how", ["environment", "runner.toml", "ignored in runner.toml"])
def test_the_stock_command_migrates_beside_what_is_there_when_it_is_asked_to(project, how):
    project.environ = {"RUNNER_BESIDE_EXISTING": "true"} if how == "environment" else {}
    if how == "runner.toml":
        project.write("runner.toml", "beside-existing = true\n")
    elif how != "environment":
        project.write("runner.toml", 'ignore = ["table:public.orders"]\n')
    project.query("CREATE TABLE orders ()")
    project.write("0001_a", "CREATE TABLE a (id int);")
    done = over_runner(project)
    assert done.code == 0, done.err
    assert project.tables() == {"orders", "a"}


def test_the_stock_command_does_not_go_past_an_edited_file(files):
    files.ok("migrate")
    files.write("0001_a", "CREATE TABLE a (id bigint);", "DROP TABLE a;")
    files.write("0003_c", "CREATE TABLE c (id int);")
    refused = over_runner(files)
    assert refused.code == 1
    assert "0001_a was edited after it had been applied" in refused.err
    assert "c" not in files.tables()
    assert over_runner(files, command="mark").code == 0


def test_the_stock_command_says_that_a_repeatable_is_outdated(project):
    project.write(
        "sql/functions/f.sql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    )
    project.write("0001_a", "CREATE TABLE a (id int);")
    sources = ("sql/functions", "migrations")
    first = over_runner(project, *sources)
    assert (first.code, "outdated" in first.err) == (0, False), first.err
    project.write(
        "sql/functions/f.sql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';"
    )
    again = over_runner(project, *sources)
    assert again.code == 0, again.err
    assert (
        "warning: f is outdated; yoyo applies a file once. Apply it again with: runner migrate" in again.err
    )
    assert project.query("SELECT f()") == [(1,)]
    project.ok("migrate")
    assert project.query("SELECT f()") == [(2,)]
    assert "outdated" not in over_runner(project, *sources).err
