"""What a file's statements set in their session is set again when a later run goes on after them."""

from __future__ import annotations

import pytest

from tests.db.engine.interrupted import in_doubt

REST = "CREATE TABLE t1 (id int);\nSELECT 1 / f FROM public.control;\nCREATE TABLE t2 (id int);\n"


@pytest.fixture
def stoppable(project):
    project.query("CREATE SCHEMA a; CREATE TABLE control (f int); INSERT INTO control VALUES (0)")
    return project


def go_on(project, *files: str) -> None:
    for n, text in enumerate(files, 1):
        project.write(f"000{n}_x", text)
    assert project.run("migrate").code == 1
    project.query("UPDATE public.control SET f = 1")
    project.ok("migrate")


@pytest.mark.parametrize(
    "statement",
    [
        "SET search_path = a, public;",
        "SELECT set_config('search_path', 'a, public', false);",
        "BEGIN;\nSET search_path = a, public;\nCREATE TABLE t0 ();\nCOMMIT;",
        "DO $$ BEGIN PERFORM set_config('search_path', 'a, public', false); END $$;",
        "WITH x AS (SELECT set_config('search_path', 'a, public', false)) SELECT * FROM x;",
        "UPDATE pg_settings SET setting = 'a, public' WHERE name = 'search_path';",
        "SET search_path = b;\nRESET search_path;\nSET search_path = a, public;",
    ],
)
def test_the_rest_runs_with_the_settings_of_the_statements_before(stoppable, statement):
    go_on(stoppable, f"-- transactional: false\n{statement}\n{REST}")
    assert stoppable.query("SELECT schemaname FROM pg_tables WHERE tablename = 't2'") == [("a",)]


@pytest.mark.parametrize(
    "statement",
    [
        "BEGIN;\nSET LOCAL search_path = a, public;\nCREATE TABLE t0 ();\nCOMMIT;",
        "SELECT set_config('search_path', 'a, public', true);",
    ],
)
def test_what_was_set_for_a_transaction_alone_ends_with_it(stoppable, statement):
    go_on(stoppable, f"-- transactional: false\n{statement}\n{REST}")
    assert stoppable.query("SELECT schemaname FROM pg_tables WHERE tablename = 't2'") == [("public",)]


def test_a_setting_of_the_application_and_a_role_are_set_again(stoppable):
    ((role,),) = stoppable.query("SELECT 'owner_' || current_database()")
    stoppable.query(
        f"CREATE ROLE {role}; GRANT ALL ON SCHEMA public TO {role}; GRANT SELECT ON control TO {role}"
    )
    set_up = f"DO $$ BEGIN PERFORM set_config('app.tenant', 'x', false); SET ROLE {role}; END $$;"
    last = "INSERT INTO t2 VALUES (current_setting('app.tenant'));"
    try:
        go_on(
            stoppable,
            f"-- transactional: false\n{set_up}\n{REST.replace('t2 (id int)', 't2 (tenant text)')}{last}\n",
        )
        assert stoppable.query("SELECT tenant, tableowner FROM t2, pg_tables WHERE tablename = 't2'") == [
            ("x", role)
        ]
    finally:
        stoppable.query(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_setting_that_only_a_function_names_is_set_again(stoppable):
    stoppable.query(
        "CREATE FUNCTION be(t text) RETURNS void LANGUAGE sql AS $$ SELECT set_config('app.tenant', t, false) $$"
    )
    last = "CREATE TABLE t3 AS SELECT current_setting('app.' || 'tenant', true) AS tenant;\n"
    go_on(stoppable, f"-- transactional: false\nSELECT be('x');\n{REST}{last}")
    assert stoppable.query("SELECT tenant FROM t3") == [("x",)]


def test_a_statement_that_a_person_noted_as_done_does_not_hide_what_was_set(stoppable):
    stoppable.query("CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'")
    set_up = "DO $$ BEGIN PERFORM set_config('search_path', 'a, public', false); END $$;\nCALL public.p();\n"
    stoppable.write("0001_x", f"-- transactional: false\n{set_up}{REST}")
    assert stoppable.run("migrate").code == 1
    in_doubt(stoppable, "0001_x", 2)
    stoppable.query("DELETE FROM _runner_journal WHERE step > 2")
    stoppable.query(
        "DROP TABLE a.t1; UPDATE _runner_journal SET context = NULL WHERE step = 2; UPDATE control SET f = 1"
    )
    stoppable.ok("repair", "done", "0001_x", "--reason", "looked")
    stoppable.query("UPDATE _runner_journal SET context = NULL WHERE step = 2")
    stoppable.ok("migrate")
    assert stoppable.query("SELECT schemaname FROM pg_tables WHERE tablename = 't2'") == [("a",)]


def test_a_select_that_sets_something_is_not_run_again(stoppable):
    stoppable.query("CREATE SEQUENCE s")
    go_on(
        stoppable,
        f"-- transactional: false\nSELECT set_config('search_path', 'a, public', false), nextval('s');\n{REST}",
    )
    assert stoppable.query("SELECT last_value FROM s") == [(1,)]


def test_a_rest_that_needs_a_temporary_table_is_refused(stoppable):
    stoppable.query("CREATE TABLE work (id int)")  # which the rest would fill instead
    stoppable.write(
        "0001_x",
        "-- transactional: false\nCREATE TEMPORARY TABLE work (id int);\nSELECT 1 / f FROM control;\n"
        "INSERT INTO work VALUES (1);\n",
    )
    assert stoppable.run("migrate").code == 1
    stoppable.query("UPDATE control SET f = 1")
    refused = stoppable.run("migrate")
    assert refused.code == 3
    assert "the rest of 0001_x needs temporary table work, which is gone" in refused.err
    assert "migrations/0001_x.sql:4:1" in refused.err
    assert stoppable.query("SELECT count(*) FROM work") == [(0,)]


def test_a_journal_of_an_earlier_runner_is_brought_up_to_date(stoppable):
    stoppable.write("0001_x", f"-- transactional: false\nSET search_path = a, public;\n{REST}")
    assert stoppable.run("migrate").code == 1
    stoppable.query("ALTER TABLE _runner_journal DROP COLUMN context")
    stoppable.query("UPDATE control SET f = 1")
    stoppable.ok("migrate")
    assert stoppable.query("SELECT schemaname FROM pg_tables WHERE tablename = 't2'") == [("a",)]


@pytest.mark.parametrize(
    "statement",
    [
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = a, public', current_database()); END $$;",
        "DO $$ BEGIN EXECUTE 'ALTER ROLE CURRENT_USER IN DATABASE ' || current_database() || ' SET search_path = a, public'; END $$;",
    ],
)
def test_the_rest_runs_with_the_defaults_that_the_file_began_with(stoppable, statement):
    stoppable.write("0001_x", f"-- transactional: false\n{statement}\n{REST}")
    assert stoppable.run("migrate").code == 1
    stoppable.query("UPDATE public.control SET f = 1")
    resumed = stoppable.ok("migrate")
    assert stoppable.query("SELECT schemaname FROM pg_tables WHERE tablename = 't2'") == [("public",)]
    assert 'search_path = "$user", public, no longer a, public' in resumed.err


def test_a_setting_with_a_dot_is_what_it_was_when_the_file_began(stoppable):
    tenant = "ALTER DATABASE %I SET app.tenant = {}"
    last = "CREATE TABLE t3 AS SELECT current_setting('app.tenant') AS tenant;\n"
    change = f"DO $$ BEGIN EXECUTE format($f${tenant.format('new')}$f$, current_database()); END $$;"
    stoppable.query(f"DO $$ BEGIN EXECUTE format($f${tenant.format('old')}$f$, current_database()); END $$")
    go_on(stoppable, f"-- transactional: false\n{change}\n{REST}{last}")
    assert stoppable.query("SELECT tenant FROM t3") == [("old",)]


def test_each_connection_of_a_parallel_file_has_the_defaults_that_it_began_with(stoppable):
    change = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = a, public', current_database()); END $$;"
    stoppable.write("0001_x", f"-- transactional: false\n-- parallel: 2\n{change}\n{REST}")
    assert stoppable.run("migrate").code == 1
    stoppable.query("DROP TABLE IF EXISTS t1, t2; UPDATE public.control SET f = 1")
    stoppable.query("DELETE FROM _runner_journal WHERE step IN (2, 4)")
    resumed = stoppable.ok("migrate")
    assert "0001_x continues with the setting it began with: search_path" in resumed.err
    assert stoppable.query("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('t1', 't2')") == [
        ("public",)
    ]


@pytest.mark.parametrize("statement", ["SET ROLE {role};", "SET SESSION AUTHORIZATION {role};"])
@pytest.mark.parametrize("direction", ["apply", "rollback"])
def test_a_file_that_took_a_role_goes_on_with_it(stoppable, statement, direction):
    ((role,),) = stoppable.query("SELECT 'app_' || current_database()")
    stoppable.query(
        f"CREATE ROLE {role}; GRANT CREATE ON SCHEMA public TO {role}; GRANT SELECT ON control TO {role}"
    )
    text = f"-- transactional: false\n{statement.format(role=role)}\n{REST}"
    command = "migrate" if direction == "apply" else "rollback"
    if direction == "apply":
        stoppable.write("0001_x", text)
    else:
        stoppable.write("0001_x", "SELECT 1;\n", text)
        stoppable.ok("migrate")
    args = [command] if direction == "apply" else [command, "--yes"]
    assert stoppable.run(*args).code == 1
    stoppable.query("UPDATE public.control SET f = 1")
    stoppable.ok(*args)
    assert (
        stoppable.query("SELECT tableowner FROM pg_tables WHERE tablename IN ('t1', 't2')") == [(role,)] * 2
    )


_SETS = "DO $$ BEGIN PERFORM set_config('search_path', 'a', false); END $$;"
_TABLES = "CREATE TABLE t1 (i int);\nCREATE TABLE t2 (i int);\nCREATE TABLE t3 (i int);\n"


def test_in_parallel_a_file_of_which_a_statement_set_something_is_not_gone_on_with(stoppable):
    stoppable.write("0001_x", f"-- transactional: false\n-- parallel: 2\n{_SETS}\n{_TABLES}")
    assert "changed the settings of its session" in stoppable.run("migrate").err
    again = stoppable.run("migrate")
    assert again.code == 3
    assert "statement 1 of 0001_x changed the settings of its session" in again.err
    assert 'runner repair restart 0001_x --reason "…"' in again.err
    stoppable.write("0001_x", f"-- transactional: false\n{_SETS}\n{_TABLES}")
    goes_on = stoppable.run("repair", "continue", "0001_x", "--reason", "one by one")
    assert goes_on.code == 3
    assert "ran with different settings" in goes_on.err
    stoppable.query("DROP TABLE IF EXISTS public.t1, public.t2, public.t3, a.t1, a.t2, a.t3")
    stoppable.ok("repair", "restart", "0001_x", "--reason", "undone by hand")
    stoppable.ok("migrate")
    assert stoppable.query("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 't_'") == [("a",)]


def test_in_parallel_a_statement_that_set_something_and_ended_last_is_not_taken_for_done(stoppable):
    waits = (
        "WHILE NOT EXISTS (SELECT FROM pg_class WHERE relname = 't3') LOOP PERFORM pg_sleep(0.01); END LOOP;"
    )
    sets = _SETS.replace("END $$", f"{waits} END $$")
    stoppable.write("0001_x", f"-- transactional: false\n-- parallel: 2\n{sets}\n{_TABLES}")
    for _ in range(2):
        done = stoppable.run("migrate")
        assert done.code in {1, 3}
        assert "statement 1 of 0001_x changed the settings of its session" in done.err
    assert done.code == 3
    assert stoppable.applied() == []


def test_a_file_that_set_something_does_not_go_on_in_parallel(stoppable):
    stoppable.write("0001_x", f"-- transactional: false\n{_SETS}\n{REST}")
    assert stoppable.run("migrate").code == 1
    stoppable.write("0001_x", f"-- transactional: false\n-- parallel: 2\n{_SETS}\n{REST}")
    stoppable.ok("repair", "continue", "0001_x", "--reason", "faster")
    stoppable.query("UPDATE public.control SET f = 1")
    refused = stoppable.run("migrate")
    assert refused.code == 3
    assert "changed the settings of its session" in refused.err
    assert stoppable.query("SELECT 1 FROM pg_tables WHERE tablename = 't2'") == []


def test_a_plain_set_of_a_file_that_goes_on_in_parallel_is_run_on_each_connection(stoppable):
    stoppable.write("0001_x", f"-- transactional: false\nSET search_path = a;\n{REST}")
    assert stoppable.run("migrate").code == 1
    stoppable.write("0001_x", f"-- transactional: false\n-- parallel: 2\nSET search_path = a;\n{REST}")
    stoppable.ok("repair", "continue", "0001_x", "--reason", "faster")
    stoppable.query("UPDATE public.control SET f = 1")
    stoppable.ok("migrate")
    assert stoppable.query("SELECT schemaname FROM pg_tables WHERE tablename IN ('t1', 't2')") == [("a",)] * 2
