"""Files are applied in order, once, each with its record or not at all."""

from __future__ import annotations

import re

import pytest


def test_a_first_run_applies_all_in_order_and_a_second_writes_nothing(project):
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.write("0002_b", "CREATE TABLE b (id int);", "DROP TABLE b;")
    project.ok("migrate")
    assert project.applied() == ["0001_a", "0002_b"]
    before = (
        project.query("SELECT xmin, * FROM _runner_migration"),
        project.query("SELECT xmin, * FROM _yoyo_log"),
    )
    writes = "SELECT xact_commit, tup_inserted + tup_updated + tup_deleted FROM pg_stat_database WHERE datname = current_database()"
    ((_, changed),) = project.query(writes)
    second = project.ok("migrate")
    assert "up to date, nothing was written; at 0002_b" in second.out
    assert (
        project.query("SELECT xmin, * FROM _runner_migration"),
        project.query("SELECT xmin, * FROM _yoyo_log"),
    ) == before
    assert project.query(writes)[0][1] == changed


def test_history_says_who_when_and_with_which_sql(project):
    project.write("0001_a", "CREATE TABLE a (id int);\n", "DROP TABLE a;\n")
    project.ok("migrate", RUNNER_GIT_COMMIT="abc123")
    ((row),) = project.query(
        "SELECT migration_id, operation, kind, checksum, sql, rollback_sql, actor, git_commit, db_user,"
        " duration_ms >= 0, recorded_at > now() - interval '1 minute' FROM _runner_migration"
    )
    checksum = row[3]
    assert len(checksum) == 64
    assert row == (
        "0001_a",
        "apply",
        "versioned",
        checksum,
        "CREATE TABLE a (id int);\n",
        "DROP TABLE a;\n",
        "tester",
        "abc123",
        project.parameters["user"],
        True,
        True,
    )
    assert project.query("SELECT operation, username, comment FROM _yoyo_log") == [
        ("apply", "tester", f"sha256:{checksum}")
    ]
    assert project.query("SELECT * FROM yoyo_lock") == []


def test_a_failing_file_leaves_nothing_and_stops_the_run(project):
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("0002_b", "CREATE TABLE b (id int);\nINSERT INTO a\n  SELECT totl FROM b;\n")
    project.write("0003_c", "CREATE TABLE c (id int);")
    done = project.run("migrate")
    assert done.code == 1
    assert done.err == (
        'error: column "totl" does not exist\n'
        "  at migrations/0002_b.sql:3:10\n"
        "       3 |   SELECT totl FROM b;\n"
        "         |          ^\n"
        "  detail: Statement 2 of 2, SQLSTATE 42703; the migration was rolled back whole. 1 later step not begun.\n"
    )
    assert project.applied() == ["0001_a"]
    assert project.tables() == {"a"}
    assert "failed   0002_b" in project.run("status").out


@pytest.mark.parametrize(
    ("sql", "message", "place", "statement"),
    [
        pytest.param(
            "CREATE TABLE t (a int primary key);\nINSERT INTO t VALUES (1);\n-- ä ☃\n  INSERT INTO t VALUES (1);",
            'duplicate key value violates unique constraint "t_pkey"',
            "4:3",
            "3 of 3",
            id="no position from the server",
        ),
        pytest.param(
            "SELECT 'ä☃', nope;", 'column "nope" does not exist', "1:14", "1 of 1", id="non-ASCII before it"
        ),
        pytest.param(
            "SELECT 1;\nDO $$ BEGIN\n  RAISE EXCEPTION 'stop';\nEND $$;",
            "stop",
            "3:3",
            "2 of 2",
            id="inside a function",
        ),
        pytest.param(
            "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1",
            "syntax error at the end of the file",
            "2:23",
            "2 of 2",
            id="open to the end",
        ),
        pytest.param("CREATE TABL t ();", 'syntax error at or near "TABL"', "1:8", "1 of 1", id="syntax"),
        pytest.param(
            "CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\nx\n\\.\nSELECT 1;",
            'invalid input syntax for type integer: "x"',
            "2:1",
            "2 of 3",
            id="COPY data",
        ),
        pytest.param(
            "BEGIN;\nSELECT 1;\nSELECT nope;\nCOMMIT;",
            'column "nope" does not exist',
            "3:8",
            "2 of 2",
            id="wrapped",
        ),
        pytest.param(
            "CREATE TABLE t (a int);\n" + "INSERT INTO t VALUES (1);\n" * 50_000 + "SELECT nope;",
            'column "nope" does not exist',
            "50002:8",
            "50002",
            id="large file",
        ),
    ],
)
def test_a_failing_statement_is_shown_where_it_stands(project, sql, message, place, statement):
    project.write("0001_a", sql)
    done = project.run("migrate", "--json")
    assert done.code == 1
    error = done.data["error"]
    assert error["message"] == message
    assert f"{error['where']['line']}:{error['where']['column']}" == place
    assert f"Statement {statement}, SQLSTATE" in error["detail"]
    assert project.applied() == []
    assert project.tables() == set()


def test_a_deferred_constraint_is_the_files_own_error(project):
    project.write(
        "0001_a",
        "CREATE TABLE a (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED); INSERT INTO a VALUES (1), (1);",
    )
    done = project.run("migrate")
    assert done.code == 1
    assert "at migrations/0001_a.sql\n" in done.err
    assert "Key (id)=(1) already exists." in done.err
    assert project.tables() == set()


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("SET search_path = ''", id="search_path"),
        pytest.param("SELECT pg_catalog.set_config('search_path', '', false)", id="emptied as pg_dump does"),
        pytest.param("SET ROLE pg_monitor", id="role"),
        pytest.param("SET SESSION AUTHORIZATION pg_monitor", id="session authorization"),
        pytest.param("CREATE TEMP TABLE a (id text)", id="temporary table"),
        pytest.param("PREPARE p AS SELECT 1", id="prepared statement"),
        pytest.param("DECLARE c CURSOR WITH HOLD FOR SELECT 1", id="cursor"),
        pytest.param("LISTEN channel", id="listen"),
        pytest.param(
            "DO $$ BEGIN PERFORM set_config('client_encoding', 'LATIN1', false); END $$", id="encoding"
        ),
        pytest.param(
            "DO $$ BEGIN PERFORM set_config('standard_conforming_strings', 'off', false); END $$",
            id="string syntax",
        ),
        pytest.param("SET statement_timeout = '80ms'", id="time limit"),
        pytest.param("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", id="isolation"),
        pytest.param("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", id="read-only afterwards"),
        pytest.param("SELECT pg_advisory_lock(1)", id="advisory lock of its own"),
        pytest.param("RESET ALL", id="reset of all settings"),
    ],
)
@pytest.mark.parametrize("earlier", [[], ["0000_first"]], ids=["alone", "in one message"])
def test_what_a_file_does_to_the_session_does_not_reach_the_next(project, sql, earlier):
    for id_ in earlier:  # after it the two travel together
        project.write(id_)
    project.write("0001_a", f"{sql};")
    project.write(
        "0002_b",
        "CREATE TABLE a (id int); INSERT INTO a SELECT 1 WHERE 'ä\\' = U&'\\00e4\\005C'"
        " AND current_setting('statement_timeout') = '0';"
        " PREPARE p AS SELECT 1; SELECT 1/(SELECT count(*) FROM a);",
    )
    project.ok("migrate")
    assert project.applied() == [*earlier, "0001_a", "0002_b"]
    assert project.tables() == {"a"}


def test_a_schema_named_like_the_role_hides_no_history(project):
    role = project.parameters["user"]
    project.write("0001_a", f'CREATE SCHEMA "{role}"; CREATE TABLE a (id int);')
    project.write("0002_b", "CREATE TABLE b (id int);")
    project.ok("migrate")
    assert "up to date" in project.ok("migrate").out
    assert project.query("SELECT schemaname FROM pg_tables WHERE tablename = '_yoyo_migration'") == [
        ("public",)
    ]


def test_history_can_live_in_a_schema_of_its_own(project):
    project.query("CREATE SCHEMA history")
    project.write("runner.toml", 'history_schema = "history"\n')
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.ok("migrate")
    assert project.query("SELECT migration_id FROM history._yoyo_migration") == [("0001_a",)]
    assert "up to date" in project.ok("migrate").out


def test_a_file_that_gives_up_the_migration_lock_is_rolled_back(project):
    project.write("0001_a", "CREATE TABLE a (id int); SELECT pg_advisory_unlock_all();")
    done = project.run("migrate")
    assert done.code == 1
    assert "the migration released the migration lock" in done.err
    assert project.tables() == set()


def test_empty_files_are_recorded_with_a_warning(project):
    project.write("0001_a", "-- nothing yet\n")
    done = project.ok("migrate")
    assert "warning: migrations/0001_a.sql holds no statement; it is only recorded" in done.err
    assert project.applied() == ["0001_a"]


def test_pg_dump_output_is_a_migration(project, new_project):
    source = new_project()
    source.query("CREATE TABLE t (id int PRIMARY KEY, note text)")
    source.query("INSERT INTO t VALUES (1, 'ä; ''quoted'''), (2, NULL)")
    dump = source.run("exec", "--", "pg_dump", "--no-owner")
    assert dump.code == 0, dump.err
    project.write("0001_dump", dump.out)
    project.ok("migrate")
    assert project.query("SELECT * FROM public.t ORDER BY id") == [(1, "ä; 'quoted'"), (2, None)]


def test_to_and_steps_stop_early(project):
    for name in ("0001_a", "0002_b", "0003_c", "0004_d"):
        project.write(name)
    assert "2 migrations applied" in project.ok("migrate", "--to", "0002").out
    assert "; 1 still pending" in project.ok("migrate", "--steps", "1").out
    assert project.applied() == ["0001_a", "0002_b", "0003_c"]


def test_a_dry_run_changes_nothing(project):
    project.write("0001_a")
    done = project.ok("migrate", "--dry-run")
    assert "  apply  0001_a\n  1 step would be run; nothing was changed; empty\n" in done.out
    assert project.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_a_newcomer_below_the_newest_is_refused_until_allowed(project):
    project.write("0001_a")
    project.write("0003_c")
    project.ok("migrate")
    project.write("0002_b")
    refused = project.run("migrate")
    assert refused.code == 3
    assert "0002_b is out of order: 0003_c is applied already" in refused.err
    assert "--allow-out-of-order" in refused.err
    project.ok("migrate", "--allow-out-of-order")
    assert project.applied() == ["0001_a", "0003_c", "0002_b"]


def test_an_edited_file_is_refused_with_what_changed(project):
    project.write("0001_a", "CREATE TABLE a (\n    id int\n);\n")
    project.ok("migrate")
    project.write("0001_a", "CREATE TABLE a (\n    id bigint\n);\n")
    done = project.run("migrate")
    assert done.code == 3
    assert "0001_a was edited after it had been applied" in done.err
    assert "    -    id int\n    +    id bigint\n" in done.err
    assert "in a database that only you use, runner rollback first, then migrate" in done.err
    project.ok("repair", "accept", "0001_a", "--reason", "widened by hand")
    assert "up to date" in project.ok("migrate").out
    assert project.query("SELECT reason FROM _runner_migration WHERE operation = 'accept'") == [
        ("widened by hand",)
    ]


def test_a_changed_repeatable_is_applied_again(project):
    project.write(
        "sql/functions/one.sql", "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    )
    project.write("0001_a", "CREATE TABLE a (id int DEFAULT one());")
    project.ok("migrate")
    assert project.applied() == ["one", "0001_a"]
    project.write(
        "sql/functions/one.sql", "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2';"
    )
    assert "outdated  one" in project.ok("status").out
    assert "re-applied   one" in project.ok("migrate").out
    assert project.query("SELECT one()") == [(2,)]
    assert project.applied() == ["one", "0001_a"]
    assert "up to date" in project.ok("migrate").out


def test_a_repeatable_runs_after_what_it_depends_on(project):
    project.write(
        "sql/functions/total.sql",
        "-- depends: 0001_a\nCREATE OR REPLACE VIEW total AS SELECT sum(id) FROM a;",
    )
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("0002_b", "-- depends: total\nCREATE VIEW v AS SELECT * FROM total;")
    project.ok("migrate")
    assert project.applied() == ["0001_a", "total", "0002_b"]


def test_a_renamed_file_is_recognised(project):
    project.write("0001_old", "CREATE TABLE a (id int);")
    project.ok("migrate")
    project.remove("0001_old")
    project.write("0002_new", "CREATE TABLE a (id int);")
    done = project.run("migrate")
    assert done.code == 3
    assert "0002_new is 0001_old under another name" in done.err
    project.ok("repair", "rename", "0001_old", "0002_new", "--reason", "renumbered")
    assert "up to date" in project.ok("migrate").out
    assert project.applied() == ["0002_new"]


def test_all_files_of_all_databases_are_checked_before_the_first_runs(project):
    project.write("migrations/one/0001_a.sql", "CREATE TABLE a (id int);")
    project.write("migrations/two/0001_b.sql", "SELECT 'open;")
    done = project.run("migrate", DATABASE_URL="", ONE_DATABASE_URL=project.url, TWO_DATABASE_URL=project.url)
    assert done.code == 2
    assert "unterminated string" in done.err
    assert project.tables() == set()


def test_a_statement_that_cannot_be_in_a_transaction_runs_by_itself(project):
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("0002_i", "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON a (id);\nVACUUM a;\n")
    project.ok("migrate")
    assert project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == [(True,)]
    assert project.query("SELECT * FROM yoyo_lock") == []


def test_a_failure_outside_transactions_says_what_is_in_effect(project):
    project.write(
        "0001_a", "-- transactional: false\nCREATE TABLE a (id int);\nSELECT 1/0;\nCREATE TABLE b (id int);"
    )
    done = project.run("migrate")
    assert done.code == 1
    assert "1 of 3 statements is in effect" in done.err
    assert project.tables() == {"a"}
    assert project.applied() == []
    assert project.query("SELECT * FROM yoyo_lock") == []


def test_a_single_transaction_applies_all_or_none(project):
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("0002_b", "SELECT nope;")
    done = project.run("migrate", "--single-transaction")
    assert done.code == 1
    assert "all 2 migrations that this run had begun were rolled back." in done.err
    assert project.tables() == set()
    project.write("0002_b", "SET search_path = ''; CREATE TABLE public.b (id int);")
    project.ok("migrate", "--single-transaction")
    assert project.applied() == ["0001_a", "0002_b"]


def test_a_single_transaction_cannot_hold_a_file_without_one(project):
    project.write("0001_a", "-- transactional: false\nVACUUM;")
    done = project.run("migrate", "--single-transaction")
    assert done.code == 2
    assert "0001_a cannot run inside a transaction" in done.err


def test_settings_of_one_file_hold_for_that_file(project):
    probe = "INSERT INTO seen VALUES (current_setting('lock_timeout'), current_setting('statement_timeout'));"
    project.write("0001_a", "CREATE TABLE seen (l text, s text);")
    project.write("0002_b", f"-- lock_timeout: 7s\n-- statement_timeout: 2min\n{probe}")
    project.write("0003_c", probe)
    project.write("0004_d", f"-- transactional: false\n-- lock_timeout: 9s\n{probe}")
    project.write("0005_e", probe)
    project.ok("migrate")
    assert project.query("SELECT * FROM seen") == [
        ("7s", "2min"),
        ("3s", "0"),
        ("9s", "0"),
        ("3s", "0"),
    ]


def test_two_runners_at_once_apply_each_file_once(project):
    for n in range(8):
        project.write(f"000{n}_t", f"CREATE TABLE t{n} (id int);")
    runs = [project.start("migrate") for _ in range(5)]
    ended = [(run.communicate(timeout=100), run.returncode) for run in runs]
    assert [code for _, code in ended] == [0] * 5, ended
    assert len(project.applied()) == 8
    assert project.query("SELECT count(*) FROM _yoyo_log") == [(8,)]


def test_what_the_server_remarks_is_shown(project):
    project.write(
        "0001_a", "DROP TABLE IF EXISTS a; DO $$ BEGIN RAISE WARNING 'mind %', 1; RAISE DEBUG 'no'; END $$;"
    )
    done = project.ok("migrate")
    assert done.err == '  notice: table "a" does not exist, skipping\n  warning: mind 1\n'


def test_a_deferred_trigger_still_sees_what_the_file_set(project):
    project.write(
        "0001_a",
        "CREATE TABLE a (id int); CREATE TABLE seen (note text);\n"
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO public.seen VALUES (current_setting('app.note', true)); RETURN NULL; END $$;\n"
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION note();\n"
        "SET app.note = 'from the file'; INSERT INTO a VALUES (1);",
    )
    project.ok("migrate")
    assert project.query("SELECT note FROM seen") == [("from the file",)]


def test_a_file_that_nobody_has_written_yet_is_not_recorded(project):
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.ok("new", "add_b")
    done = project.run("migrate")
    assert done.code == 2
    assert "the file is unchanged since runner wrote it" in done.err
    assert "at migrations/0002_add_b.sql:2:1" in done.err
    assert project.applied() == []
    project.write("0002_add_b", "CREATE TABLE b (id int);")
    done = project.run("migrate")
    assert done.code == 2
    assert "at migrations/0002_add_b.rollback.sql:2:1" in done.err
    assert project.tables() == set()
    project.write("0002_add_b", "CREATE TABLE b (id int);", "DROP TABLE b;")
    project.ok("migrate")
    assert project.tables() == {"a", "b"}


def test_a_failed_single_transaction_is_in_status(project):
    project.write("0001_a", "CREATE TABLE a ();\n")
    project.write("0002_b", "SELECT nope;\n")
    assert project.run("migrate", "--single-transaction").code == 1
    assert re.search(r"failed +0002_b .*nope", project.ok("status").out)


def test_what_refuses_the_tables_of_history_is_told(project):
    project.query(
        "CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no new tables'; END $$;"
        "CREATE EVENT TRIGGER no ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION no()"
    )
    project.write("0001_a")
    done = project.run("migrate")
    assert done.code == 1
    assert done.err.startswith(
        'error: cannot create the tables of history in schema "public": no new tables\n'
    )
    assert "nothing was changed" in done.err


def test_remarks_of_the_server_are_shown_whole(project):
    project.write(
        "0001_a",
        "DO $$ BEGIN RAISE INFO 'told' USING DETAIL = 'more of it', HINT = 'do this'; RAISE LOG 'not'; END $$;\n",
    )
    done = project.ok("migrate")
    assert "  info: told\n    detail: more of it\n    hint: do this\n" in done.err
    assert "not" not in done.err


def test_tables_that_are_called_like_types_are_no_types_of_ours(project):
    project.query("CREATE TABLE text (a int); CREATE TABLE timestamptz (a int)")
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.ok("migrate", "--no-validate")
    assert project.applied() == ["0001_a"]
