"""A file that was run in part and then changed: what is in effect is never run again, what was left is removed."""

from __future__ import annotations

import pytest

from tests.db.engine.interrupted import in_doubt

TWO_ROWS = "-- transactional: false\nINSERT INTO t VALUES (1);\nSELECT 1/0;\n"


@pytest.fixture
def table(project):
    project.query("CREATE TABLE t (id int)")
    return project


def continued(project):
    return project.run("repair", "continue", "0001_a", "--reason", "corrected")


@pytest.mark.parametrize(
    ("begun", "now", "said", "directive"),
    [
        pytest.param(
            TWO_ROWS,
            "INSERT INTO t VALUES (1);\nSELECT 1/1;\n",
            "0001_a is one transaction now, but was begun with -- transactional: false",
            "-- transactional: false\n",
            id="statements, now one transaction",
        ),
        pytest.param(
            TWO_ROWS.replace("SELECT 1/0", "UPDATE t SET id = 1/0"),
            "-- batch: true\nINSERT INTO t VALUES (1);\nUPDATE t SET id = 2 WHERE id = 1;\n",
            "0001_a is run in batches now, but was begun with -- transactional: false",
            None,
            id="statements, now batches",
        ),
        pytest.param(
            "-- batch: at most 2\nINSERT INTO t SELECT 1;\n",
            "-- transactional: false\nINSERT INTO t SELECT 1;\n",
            "0001_a is run statement by statement now, but was begun with -- batch",
            None,
            id="batches, now statements",
        ),
        pytest.param(
            "-- batch: at most 2\nINSERT INTO t SELECT 1;\n",
            "INSERT INTO t SELECT 1;\n",
            "0001_a is one transaction now, but was begun with -- batch",
            None,
            id="batches, now one transaction",
        ),
    ],
)
def test_a_file_of_another_kind_does_not_go_on(table, begun, now, said, directive):
    table.write("0001_a", begun)
    assert table.run("migrate").code == 1
    rows = table.query("SELECT count(*) FROM t")
    table.write("0001_a", now)
    refused = continued(table)
    assert refused.code == 3, refused.err
    assert said in refused.err
    assert "would be run again" in refused.err
    assert table.run("migrate").code == 3
    assert table.query("SELECT count(*) FROM t") == rows
    if directive is not None:  # the way out that the hint names
        table.write("0001_a", directive + now)
        assert continued(table).code == 0
        table.ok("migrate")
        assert table.query("SELECT count(*) FROM t") == rows


def test_statements_in_effect_may_not_leave_the_file(table):
    table.write("0001_a", TWO_ROWS.replace("SELECT", "INSERT INTO t VALUES (2);\nSELECT"))
    assert table.run("migrate").code == 1
    table.write("0001_a", "-- transactional: false\nINSERT INTO t VALUES (1);\n")
    refused = continued(table)
    assert refused.code == 3
    assert "0001_a now has fewer statements than were run" in refused.err


def test_a_batch_that_made_no_end_goes_on_with_another_condition(table):
    table.query("INSERT INTO t SELECT g FROM generate_series(1, 10) AS g")
    table.write("0001_a", "-- batch: at most 3\nUPDATE t SET id = id WHERE id > 0;\n")
    stopped = table.run("migrate")
    assert stopped.code == 1
    table.write("0001_a", "-- batch: at most 3\nUPDATE t SET id = -id WHERE id > 0;\n")
    assert table.run("migrate").code == 3
    assert continued(table).code == 0
    table.ok("migrate")
    assert table.query("SELECT count(*) FROM t WHERE id < 0") == [(10,)]


def test_a_call_in_doubt_is_settled_before_the_file_may_change_there(table):
    call = "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN INSERT INTO t VALUES (7); COMMIT; END'"
    table.query(call)
    table.write("0001_a", "-- transactional: false\nSELECT 1;\nCALL p();\nSELECT 1/0;\n")
    assert table.run("migrate").code == 1
    in_doubt(table, "0001_a", 2)
    table.write("0001_a", "-- transactional: false\nSELECT 1;\nSELECT 2;\nSELECT 3;\n")
    refused = continued(table)
    assert refused.code == 3
    assert "runner repair again 0001_a" in refused.err
    table.ok("repair", "again", "0001_a", "--reason", "undone by hand")
    assert continued(table).code == 0
    table.ok("migrate")


@pytest.mark.parametrize("way", ["another name", "the file is gone", "one transaction", "another statement"])
def test_an_invalid_index_of_a_failed_build_goes_whatever_the_file_says_then(table, way):
    table.query("INSERT INTO t VALUES (1), (1)")
    table.write("0001_a", "-- transactional: false\nCREATE UNIQUE INDEX CONCURRENTLY t_key ON t (id);\n")
    assert table.run("migrate").code == 1
    if way == "another name":
        table.write("0001_a", "-- transactional: false\nCREATE INDEX CONCURRENTLY t_idx ON t (id);\n")
    elif way == "one transaction":
        table.write("0001_a", "CREATE INDEX t_idx ON t (id);\n")
    elif way == "the file is gone":
        table.remove("0001_a")
        table.write("0002_b", "SELECT 1;\n")
    else:
        table.write("0001_a", "CREATE TABLE u ();\n", "DROP TABLE u;\n")
    done = table.ok("migrate")
    assert "dropping invalid index public.t_key" in done.err
    assert table.query("SELECT to_regclass('t_key') IS NULL") == [(True,)]
    assert table.query("SELECT count(*) FROM _runner_journal WHERE step < 0") == [(0,)]


@pytest.mark.parametrize("way", ["another search_path", "another name"])
def test_an_invalid_index_is_found_whatever_its_table_is_called_then(table, way):
    table.query("CREATE SCHEMA s; CREATE TABLE s.u (id int); INSERT INTO s.u VALUES (1), (1)")
    table.write(
        "0001_a",
        "-- transactional: false\nSET search_path = s;\nCREATE UNIQUE INDEX CONCURRENTLY u_key ON u (id);\n",
    )
    assert table.run("migrate").code == 1
    if way == "another name":
        table.query("ALTER TABLE s.u RENAME TO v; ALTER TABLE s.v SET SCHEMA public")
    table.ok("repair", "restart", "0001_a", "--reason", "nothing to undo")
    table.write("0001_a", "SELECT 1;\n")
    table.ok("migrate")
    assert table.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


def test_an_index_that_a_drop_left_half_way_is_named(table):
    table.query("CREATE INDEX t_idx ON t (id)")
    table.write("0001_a", "-- transactional: false\nSELECT 1;\nDROP INDEX CONCURRENTLY t_idx;\nSELECT 1/0;\n")
    assert table.run("migrate").code == 1
    table.query(
        "CREATE INDEX t_idx ON t (id)"
    )  # from here on as a run leaves it that is killed while it waits
    in_doubt(table, "0001_a", 2)
    table.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_idx'::regclass")
    table.query(
        "UPDATE _runner_journal SET sql = 'DROP INDEX CONCURRENTLY t_idx',"
        " context = json_build_object('relation', 't_idx'::regclass::oid::bigint)::text WHERE step = 2"
    )
    table.write("0001_a", "-- transactional: false\nSELECT 1;\nSELECT 2;\n")
    done = table.ok("repair", "continue", "0001_a", "--reason", "no drop")
    assert "index public.t_idx is no longer used since DROP INDEX CONCURRENTLY was interrupted" in done.err


@pytest.mark.parametrize("command", ["continue", "restart"])
def test_an_invalid_index_of_a_build_that_was_cut_off_goes_with_a_repair(table, command):
    table.query("INSERT INTO t VALUES (1), (1)")
    build = "-- transactional: false\nSELECT 1;\nCREATE UNIQUE INDEX CONCURRENTLY t_key ON t (id);\n"
    table.write("0001_a", build)
    assert table.run("migrate").code == 1
    table.query("UPDATE _runner_journal SET step = 2 WHERE step = -2")  # as a run leaves it that is killed
    table.write("0001_a", build.replace("t_key", "other_key").replace("UNIQUE ", ""))
    done = table.ok("repair", command, "0001_a", "--reason", "another index")
    assert "dropping invalid index public.t_key" in done.err
    table.ok("migrate")
    assert table.query(
        "SELECT array_agg(indexrelid::regclass::text) FROM pg_index WHERE indrelid = 't'::regclass"
    ) == [(["other_key"],)]


def test_what_an_interrupted_reindex_left_of_a_toast_table_goes_too(project):
    project.query("CREATE TABLE t (id int PRIMARY KEY, words text)")
    ((toast,),) = project.query(
        "SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = 't'::regclass"
    )
    project.query("SET allow_system_table_mods = on; ALTER INDEX " + toast + "_index RENAME TO x_index_ccnew")
    project.query(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'pg_toast.x_index_ccnew'::regclass"
    )
    project.write("0001_a", "-- transactional: false\nREINDEX TABLE CONCURRENTLY t;\n")
    done = project.run("migrate")
    assert "dropping pg_toast.x_index_ccnew, which an interrupted REINDEX left" in done.err


def test_a_journal_of_a_file_that_was_recorded_otherwise_is_cleared(table):
    table.write("0001_a", TWO_ROWS)
    assert table.run("migrate").code == 1
    table.write("0001_a", TWO_ROWS.replace("1/0", "1/1"))
    table.query(  # as `yoyo mark` does
        "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc)"
        " VALUES (encode(sha256('0001_a'), 'hex'), '0001_a', now())"
    )
    assert "partial" not in table.ok("status").out
    table.write("0002_b", "SELECT 1;\n")
    table.ok("migrate")
    assert table.query("SELECT count(*) FROM _runner_journal") == [(0,)]
    assert table.query("SELECT count(*) FROM t") == [(1,)]
