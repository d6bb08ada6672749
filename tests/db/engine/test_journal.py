"""A file that is not one transaction goes on where it stopped."""

from __future__ import annotations

import pytest

from tests.db.engine.interrupted import in_doubt

FILE = """-- transactional: false
CREATE TABLE a (id int);
INSERT INTO a VALUES (1);
CREATE INDEX CONCURRENTLY a_id_idx ON a (id);
INSERT INTO a SELECT id + 1 FROM a;
SELECT nope;
INSERT INTO a VALUES (9);
"""


@pytest.fixture
def stopped(project):
    """A file whose fifth statement was refused."""
    project.write("0001_a", FILE)
    done = project.run("migrate")
    assert done.code == 1
    return project


def test_what_is_in_effect_is_said_and_shown(stopped):
    done = stopped.run("migrate")
    assert done.err.startswith('error: column "nope" does not exist\n  at migrations/0001_a.sql:6:8')
    assert "4 of 6 statements are in effect" in done.err
    assert "the next run goes on from there" in done.err
    status = stopped.ok("status")
    assert "partial  0001_a  4 of 6 statements" in status.out
    (migration,) = stopped.ok("status", "--json").data["databases"][0]["migrations"]
    assert migration["situation"] == "partial"
    assert (migration["partial"]["statements_done"], migration["partial"]["statements"]) == (4, 6)
    assert stopped.query("SELECT count(*) FROM a") == [(2,)]


def test_the_next_run_goes_on_at_the_statement_that_failed(stopped):
    stopped.query("CREATE FUNCTION nope() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    stopped.write("0001_a", FILE.replace("SELECT nope;", "SELECT nope();"))
    refused = stopped.run("migrate")
    assert refused.code == 3
    assert "0001_a was edited after 4 of 6 statements had been run" in refused.err
    assert "-SELECT nope;" in refused.err
    assert "+SELECT nope();" in refused.err
    stopped.ok("repair", "continue", "0001_a", "--reason", "typo")
    done = stopped.ok("migrate")
    assert "1 migration applied" in done.out
    assert stopped.query("SELECT array_agg(id ORDER BY id) FROM a") == [([1, 2, 9],)]
    assert stopped.query("SELECT count(*) FROM _runner_journal") == [(0,)]
    assert stopped.applied() == ["0001_a"]


def test_what_was_run_may_not_be_changed_afterwards(stopped):
    stopped.write("0001_a", FILE.replace("VALUES (1)", "VALUES (2)"))
    done = stopped.run("repair", "continue", "0001_a", "--reason", "changed")
    assert done.code == 3
    assert "statement 2 of 0001_a differs from what was run" in done.err
    assert "migrations/0001_a.sql:3:1" in done.err


def test_undone_by_hand_the_file_begins_anew(stopped):
    stopped.query("DROP TABLE a")
    stopped.write("0001_a", FILE.replace("SELECT nope;\n", ""))
    stopped.ok("repair", "restart", "0001_a", "--reason", "dropped the table")
    stopped.ok("migrate")
    assert stopped.query("SELECT array_agg(id ORDER BY id) FROM a") == [([1, 2, 9],)]


def test_nothing_is_rolled_back_while_a_file_is_applied_in_part(stopped):
    done = stopped.run("rollback", "--all", "--yes")
    assert done.code == 3
    assert "0001_a is partly applied: 4 of 6 statements" in done.err


def test_a_file_that_is_gone_half_way_stops_what_comes_after(stopped):
    stopped.remove("0001_a")
    stopped.write("0002_b", "CREATE TABLE b ();")
    done = stopped.run("migrate")
    assert done.code == 3
    assert "0001_a is partly applied, 4 of 6 statements, and its file is gone" in done.err
    assert stopped.tables() == {"a"}


@pytest.mark.parametrize("back", [False, True], ids=["applied", "rolled back"])
def test_a_file_that_is_gone_half_way_is_unfinished_also_when_nothing_else_is_pending(project, back):
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.ok("migrate")
    lines = "CREATE TABLE b ();\nSELECT nope;\n"
    if back:
        project.write("0002_b", "CREATE TABLE b ();", f"-- transactional: false\nDROP TABLE b;\n{lines}")
        project.ok("migrate")
        assert project.run("rollback", "--yes").code == 1
    else:
        project.write("0002_b", f"-- transactional: false\n{lines}")
        assert project.run("migrate").code == 1
    project.remove("0002_b")
    how = (
        "0002_b is partly rolled back"
        if back
        else "0002_b is partly applied, 1 of 2 statements, and its file is gone"
    )
    for command in (["migrate"], ["migrate", "--dry-run"], ["plan"]):
        done = project.run(*command)
        assert done.code == 3
        assert how in done.err
        assert "Nothing was run." in done.err
    status = project.run("status", "--check")
    assert status.code == 3
    assert "partial  0002_b" in status.out
    validated = project.run("validate")
    assert validated.code == 3
    assert "not validated: applied or rolled back in part: 0002_b" in validated.out
    project.ok("repair", "restart", "0002", "--reason", "undone by hand")


def test_a_rollback_goes_on_where_it_stopped(project):
    project.write("0001_a", "CREATE TABLE a (id int);\nCREATE TABLE b ();", "DROP TABLE a;\nDROP TABLE b;")
    project.write(
        "migrations/0001_a.rollback.sql",
        "-- transactional: false\nDROP TABLE a;\nSELECT nope();\nDROP TABLE b;",
    )
    project.ok("migrate")
    assert project.run("rollback", "--yes").code == 1
    assert "1 of 3 statements rolled back" in project.ok("status").out
    project.write("0002_c", "CREATE TABLE c ();")
    refused = project.run("migrate")
    assert refused.code == 3
    assert "0001_a is partly rolled back" in refused.err
    project.remove("0002_c")
    project.query("CREATE FUNCTION nope() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    project.ok("rollback", "--yes")
    assert project.tables() == set()
    assert project.applied() == []


def test_settings_of_the_file_are_there_again_after_the_interruption(project):
    project.write(
        "0001_a",
        "-- transactional: false\nCREATE SCHEMA s;\nSET search_path = s;\nCREATE TABLE a ();\n"
        "SELECT nope();\nCREATE TABLE b ();\n",
    )
    assert project.run("migrate").code == 1
    project.query("CREATE FUNCTION s.nope() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    project.ok("migrate")
    found = project.query(
        "SELECT schemaname, tablename FROM pg_tables WHERE tablename IN ('a', 'b') ORDER BY 2"
    )
    assert found == [("s", "a"), ("s", "b")]


def test_a_role_that_the_file_takes_does_not_write_the_journal(project):
    role = f"r_{project.parameters['dbname']}"
    project.query(f"CREATE ROLE {role}")
    try:
        project.query(f"GRANT CREATE ON SCHEMA public TO {role}")
        project.write(
            "0001_a",
            f"-- transactional: false\nSET ROLE {role};\nCREATE TABLE a ();\nCREATE INDEX CONCURRENTLY ON a ((1));\n"
            f"SET SESSION AUTHORIZATION {role};\nCREATE TABLE b ();",
        )
        project.ok("migrate")
        owners = project.query("SELECT tableowner FROM pg_tables WHERE tablename IN ('a', 'b')")
        assert owners == [(role,), (role,)]
    finally:
        project.query(f"DROP OWNED BY {role}; DROP ROLE {role};")


def test_a_block_is_one_step_that_commits_with_its_note(project):
    project.write(
        "0001_a",
        "-- transactional: false\nCREATE TABLE a (id int);\n"
        "BEGIN;\nINSERT INTO a VALUES (1);\nCOPY a FROM stdin;\n2\n3\n\\.\nCOMMIT;\n"
        "BEGIN;\nINSERT INTO a VALUES (4);\nSELECT nope();\nCOMMIT;\n",
    )
    done = project.run("migrate")
    assert "migrations/0001_a.sql:12:8" in done.err
    assert "Statement 8 of 9" in done.err
    assert "5 of 9 statements are in effect" in done.err
    assert project.query("SELECT count(*) FROM a") == [(3,)]
    project.query("CREATE FUNCTION nope() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    project.ok("migrate")
    assert project.query("SELECT count(*) FROM a") == [(4,)]


def test_a_procedure_that_commits_runs_outside_a_transaction(project):
    project.query(
        "CREATE TABLE a (id int); CREATE PROCEDURE p() LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO a VALUES (1); COMMIT; INSERT INTO a VALUES (2); COMMIT; END'"
    )
    project.write("0001_a", "-- transactional: false\nCALL p();\nVACUUM a;\nINSERT INTO a VALUES (3);")
    project.ok("migrate")
    assert project.query("SELECT array_agg(id ORDER BY id) FROM a") == [([1, 2, 3],)]


@pytest.mark.parametrize(("answer", "rows"), [("done", 1), ("again", 2)])
def test_a_statement_in_doubt_stops_the_run_until_a_person_decides(project, answer, rows):
    project.query(
        "CREATE TABLE a (id int); CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN INSERT INTO a VALUES (1); COMMIT; END'"
    )
    project.write("0001_a", "-- transactional: false\nSELECT 1;\nCALL p();\nSELECT nope();")
    assert project.run("migrate").code == 1
    in_doubt(project, "0001_a", 2)
    project.query("CREATE FUNCTION nope() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    done = project.run("migrate")
    assert done.code == 3
    assert "it is not known whether statement 2 of 0001_a took effect" in done.err
    assert "migrations/0001_a.sql:3:1" in done.err
    assert "runner repair done 0001_a" in done.err
    assert "runner repair again 0001_a" in done.err
    assert "1 of 3 statements, one more in doubt" in project.ok("status").out
    project.ok("repair", answer, "0001_a", "--reason", "looked at it")
    project.ok("migrate")
    assert project.query("SELECT count(*) FROM a") == [(rows,)]
    assert project.query("SELECT reason FROM _runner_migration WHERE operation = 'repair'") != []


def test_each_statement_in_doubt_is_counted(project):
    """As a killed run of a file with `-- parallel` leaves them."""
    statements = "".join(f"CREATE TABLE t{number} (id int);\n" for number in range(3))
    project.write("0001_a", f"-- transactional: false\n-- parallel: 3\n{statements}SELECT nope();")
    assert project.run("migrate").code == 1
    for step in (1, 2, 3):
        in_doubt(project, "0001_a", step)
    assert "0 of 4 statements, 3 more in doubt" in project.ok("status").out
    (database,) = project.ok("status", "--json").data["databases"]
    partial = next(m["partial"] for m in database["migrations"] if m["id"] == "0001_a")
    assert (partial["in_doubt"], partial["statements_in_doubt"]) == (True, 3)


def test_only_a_statement_in_doubt_can_be_decided(stopped):
    done = stopped.run("repair", "done", "0001_a", "--reason", "x")
    assert done.code == 2
    assert "no statement of 0001_a is in doubt" in done.err


def test_an_index_that_was_built_before_the_interruption_is_not_built_again(stopped):
    before = stopped.query("SELECT 'a_id_idx'::regclass::oid")
    in_doubt(stopped, "0001_a", 3, seen="")
    done = stopped.run("migrate")
    assert "statement 3 of 6 had taken effect before the interruption" in done.err
    assert stopped.query("SELECT 'a_id_idx'::regclass::oid") == before


def test_an_enum_value_is_added_and_used_in_the_next_statement(project):
    project.write(
        "0001_a",
        "-- transactional: false\nCREATE TYPE e AS ENUM ('a');\nALTER TYPE e ADD VALUE 'b';\nSELECT 'b'::e;\nVACUUM;",
    )
    project.ok("migrate")
    assert project.query("SELECT enum_range(NULL::e)::text") == [("{a,b}",)]


def test_the_journal_is_made_in_a_database_of_an_older_runner(project):
    project.write("0001_a", "CREATE TABLE a ();")
    project.ok("migrate")
    project.query("DROP TABLE _runner_journal; ALTER TABLE _runner_migration DROP COLUMN rows_affected")
    assert "up to date" in project.ok("migrate").out
    assert "applied  0001_a" in project.ok("status").out
    project.write("0002_b", "CREATE TABLE b ();")
    done = project.ok("migrate")
    assert "notice" not in done.err
    assert project.query("SELECT count(*) FROM _runner_journal") == [(0,)]


def test_a_file_of_which_nothing_took_effect_may_be_changed(project):
    project.write("0001_a", "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON nope (id);\nSELECT 1;")
    assert project.run("migrate").code == 1
    assert "failed  0001_a" in project.ok("status").out
    project.write("0001_a", "-- transactional: false\nCREATE TABLE a (id int);\nSELECT nope();\nSELECT 1;")
    done = project.run("migrate")
    assert "1 of 3 statements is in effect" in done.err
    assert "runner repair continue" not in done.err  # the server's own hint comes first
    assert "partial  0001_a  1 of 3 statements" in project.ok("status").out


def test_a_hook_goes_on_where_it_stopped_too(project):
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write(
        "migrations/post-apply.sql", "-- transactional: false\nINSERT INTO a VALUES (1);\nSELECT nope();\n"
    )
    assert project.run("migrate").code == 1
    project.query("CREATE FUNCTION nope() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    project.ok("migrate")
    assert project.query("SELECT count(*) FROM a") == [(1,)]
    assert project.query("SELECT count(*) FROM _runner_journal") == [(0,)]


@pytest.mark.parametrize(
    "kind", ["CALL p()", "DO $$ BEGIN INSERT INTO a VALUES (1); COMMIT; PERFORM 1 / 0; END $$"]
)
def test_what_commits_in_its_middle_and_fails_is_not_run_again_unasked(project, kind):
    project.query(
        "CREATE TABLE a (id int); CREATE PROCEDURE p() LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO a VALUES (1); COMMIT; PERFORM 1 / 0; END'"
    )
    project.write("0001_a", f"-- transactional: false\nSELECT 1;\n{kind};")
    done = project.run("migrate")
    assert done.code == 1
    assert "what it had committed stays" in done.err
    assert project.run("migrate").code == 3
    assert project.query("SELECT count(*) FROM a") == [(1,)]
    project.ok("repair", "done", "0001_a", "--reason", "enough")
    project.ok("migrate")


def test_what_commits_in_its_middle_and_meets_a_lock_is_not_tried_again(project, session):
    project.query("CREATE TABLE a (id int); CREATE TABLE busy (id int)")
    project.write(
        "0001_a",
        "-- transactional: false\n-- lock_timeout: 50ms\n"
        "DO $$ BEGIN INSERT INTO a VALUES (1); COMMIT; ALTER TABLE busy ADD COLUMN x int; END $$;",
    )
    with session.transaction():
        session.execute("SELECT * FROM busy")
        done = project.run("migrate")
    assert done.code == 1
    assert "canceling statement due to lock timeout" in done.err
    assert project.query("SELECT count(*) FROM a") == [(1,)]


def test_a_changed_rollback_is_refused_too(project):
    project.write("0001_a", "CREATE TABLE a (id int);")
    project.write("migrations/0001_a.rollback.sql", "-- transactional: false\nDROP TABLE a;\nSELECT nope();")
    project.ok("migrate")
    assert project.run("rollback", "--yes").code == 1
    project.write("migrations/0001_a.rollback.sql", "-- transactional: false\nDROP TABLE a;\nSELECT 1;")
    done = project.run("rollback", "--yes")
    assert done.code == 3
    assert "0001_a was edited after 1 of 2 statements had been run" in done.err
    project.ok("repair", "continue", "0001_a", "--reason", "typo")
    project.ok("rollback", "--yes")


def test_a_search_path_that_a_function_set_is_there_again(project):
    project.query("CREATE SCHEMA s")
    project.write(
        "0001_a",
        "-- transactional: false\nSELECT set_config('search_path', 's', false);\nCREATE TABLE a ();\nSELECT nope();\nCREATE TABLE b ();",
    )
    assert project.run("migrate").code == 1
    project.query("CREATE FUNCTION s.nope() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    project.ok("migrate")
    assert project.query("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('a', 'b')") == [
        ("s",)
    ]


def test_a_refused_rollback_is_still_recorded_as_applied(project):
    project.write(
        "0001_a", "CREATE TABLE a (id int);", "-- transactional: false\nDROP TABLE nope;\nDROP TABLE a;"
    )
    project.ok("migrate")
    done = project.run("rollback", "--yes")
    assert "nothing of the file is in effect, and the migration is still recorded as applied." in done.err
    assert project.applied() == ["0001_a"]


def test_what_other_connections_finished_meanwhile_is_in_effect_too(project, session):
    project.query("CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO a VALUES (1), (1)")
    project.write(
        "0001_par",
        "-- transactional: false\n-- parallel: 2\nCREATE UNIQUE INDEX CONCURRENTLY a_key ON a (id);\n"
        "CREATE INDEX CONCURRENTLY b_idx ON b (id);\n",
    )
    session.execute("BEGIN; LOCK TABLE b IN ROW EXCLUSIVE MODE")  # the build of b_idx ends after the refusal
    run = project.start("migrate")
    project.wait_for("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('a_key') AND NOT indisvalid", run)
    project.wait_for(
        "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = 'runner'"
        " AND datname = current_database() AND query ~ 'a_key' AND state = 'active')",
        run,
    )
    session.execute("COMMIT")
    _, err = run.communicate()
    assert "1 of 2 statements is in effect" in err
    assert "nothing of the file is in effect" not in err


DEFERRED = (
    "CREATE TABLE p (id int PRIMARY KEY);\n"
    "CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED, n int);\nINSERT INTO c VALUES (1, 0);\n"
)


@pytest.mark.parametrize(
    ("text", "place", "statement"),
    [
        ("BEGIN;\nINSERT INTO c VALUES (7);\nCOMMIT;\n", "0002_b.sql:5:1", "Statement 4 of 4"),
        ("BEGIN;\nCOPY c (p) FROM stdin;\n7\n\\.\nCOMMIT;\n", "0002_b.sql:7:1", "Statement 4 of 4"),
        ("INSERT INTO c VALUES (7);\n", "0002_b.sql:3:1", "Statement 2 of 2"),
        ("COPY c (p) FROM stdin;\n7\n\\.\n", "0002_b.sql:3:1", "Statement 2 of 2"),
    ],
    ids=["block", "block with data", "statement", "data"],
)
def test_a_deferred_constraint_is_the_error_of_what_commits(project, text, place, statement):
    project.write("0001_a", DEFERRED.partition("INSERT")[0])
    project.write("0002_b", f"-- transactional: false\nSELECT 1;\n{text}")
    done = project.run("migrate")
    assert done.code == 1
    assert 'violates foreign key constraint "c_p_fkey"' in done.err
    assert f"at migrations/{place}" in done.err
    assert f"{statement}, SQLSTATE 23503" in done.err
    assert "1 of" in done.err
    assert "deferred constraint or trigger, which is checked when this statement commits" in done.err


def test_a_deferred_constraint_is_the_error_of_a_batch(project):
    project.write("0001_a", DEFERRED.replace("(1, 0)", "(NULL, 0)"))
    project.write("0002_b", "-- batch: true\nUPDATE c SET p = 7 WHERE p IS NULL;\n")
    err = project.run("migrate").err
    assert "at migrations/0002_b.sql:2:1" in err
    assert "Statement 1 of 1, SQLSTATE 23503" in err


def test_what_was_done_of_a_file_that_is_edited_counts_the_rows_of_its_batches(project):
    project.write(
        "0001_a", "CREATE TABLE t AS SELECT g AS id, false AS done FROM generate_series(1, 30) AS g;"
    )
    batch = (
        "-- batch: at most 2\n"
        "UPDATE t SET done = true WHERE id IN (SELECT id FROM t WHERE NOT done ORDER BY id LIMIT 10);\n"
    )
    project.write("0002_b", batch)
    assert project.run("migrate").code == 1
    project.write("0002_b", batch + "-- more\n")
    assert "0002_b was edited after 20 rows had been changed in batches" in project.run("migrate").err
    assert (
        "0002_b is partly applied: 0 of 1 statement, 20 rows in batches"
        in project.run("rollback", "--yes").err
    )


def test_what_is_partly_applied_or_pending_is_not_mistaken_for_another_migration(stopped):
    stopped.write("0000_z")
    for command in (
        ["forget", "0001_a"],
        ["accept", "0001_a"],
        ["forget", "0001"],
        ["rename", "0001_a", "0002_b"],
    ):
        done = stopped.run("repair", *command, "--reason", "gone")
        assert done.code == 3
        assert "0001_a is partly applied: 4 of 6 statements" in done.err
        assert "runner migrate" in done.err
        assert 'runner repair restart 0001_a --reason "…"' in done.err
        assert "Perhaps" not in done.err
    stopped.write("0009_z")
    done = stopped.run("repair", "forget", "0009_z", "--reason", "gone")
    assert (done.code, "0009_z is not applied" in done.err) == (2, True)
