"""Many rows: batches that commit one by one, statements in parallel, files of data."""

from __future__ import annotations

import signal

import pytest

BACKFILL = """-- batch: {how}
UPDATE t SET done = true WHERE id IN (SELECT id FROM t WHERE NOT done ORDER BY id LIMIT 10);
"""

ADVISORY = (
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
def rows(project):
    """A table of 95 rows to be filled."""
    project.query("CREATE TABLE t (id int PRIMARY KEY, done boolean NOT NULL DEFAULT false)")
    project.query("INSERT INTO t SELECT generate_series(1, 95)")
    return project


def filled(project) -> int:
    ((count,),) = project.query("SELECT count(*) FROM t WHERE done")
    return count


def test_a_batch_repeats_until_it_touches_no_row_and_counts(rows):
    rows.write("0001_fill", BACKFILL.format(how="true"))
    done = rows.ok("migrate", "--json").data
    assert done["databases"][0]["steps"][0]["rows"] == 95
    assert filled(rows) == 95
    (entry,) = rows.ok("status", "--json").data["databases"][0]["migrations"]
    assert entry["rows"] == 95
    assert rows.query("SELECT rows_affected FROM _runner_migration") == [(95,)]


def test_a_repeat_that_lost_its_rows_to_another_session_is_not_the_last(rows, session):
    rows.write("0001_fill", BACKFILL.format(how="true"))
    with session.transaction():
        session.execute("UPDATE t SET done = true WHERE id <= 10")
        run = rows.start("migrate", "--lock-timeout", "0")
        rows.wait_for("SELECT 1 FROM pg_locks WHERE NOT granted", run)
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert filled(rows) == 95


def test_a_batch_does_not_end_while_another_session_is_always_ahead(rows, session):
    """Each empty repeat may have lost its rows to a worker that holds the next ones already."""
    rows.write("0001_fill", BACKFILL.format(how="true"))
    run = None
    for first in range(1, 61, 10):
        with session.transaction():
            session.execute("UPDATE t SET done = true WHERE id BETWEEN %s AND %s", [first, first + 9])
            run = run or rows.start("migrate", "--lock-timeout", "0")
            while not rows.query("SELECT 1 FROM pg_locks WHERE NOT granted"):
                if run.poll() is not None:
                    break
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert filled(rows) == 95


@pytest.mark.parametrize(
    ("set_up", "statement", "check"),
    [
        pytest.param(
            "CREATE TABLE u (id int)",
            "WITH moved AS (DELETE FROM t WHERE id IN (SELECT id FROM t ORDER BY id LIMIT 10) RETURNING id)"
            " INSERT INTO u SELECT id FROM moved WHERE id > 30;",
            "SELECT (SELECT count(*) FROM t) = 0 AND (SELECT count(*) FROM u) = 65",
            id="what WITH changes is not in the tag",
        ),
        pytest.param(
            "CREATE TABLE u (id int UNIQUE); INSERT INTO u SELECT generate_series(1, 25)",
            "WITH n AS (UPDATE t SET done = true WHERE id IN (SELECT id FROM t WHERE NOT done ORDER BY id LIMIT 10)"
            " RETURNING id) INSERT INTO u SELECT id FROM n ON CONFLICT DO NOTHING;",
            "SELECT bool_and(done) AND (SELECT count(*) FROM u) = 95 FROM t",
            id="ON CONFLICT",
        ),
    ],
)
def test_a_batch_ends_by_what_is_left_not_by_its_tag(rows, set_up, statement, check):
    rows.query(set_up)
    rows.write("0001_fill", f"-- batch: true\n{statement}\n")
    rows.ok("migrate")
    assert rows.query(check) == [(True,)]


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (
            "id IN (SELECT id FROM t WHERE NOT done ORDER BY id LIMIT 10) AND id > 40",
            "Its LIMIT takes 10 rows that a condition outside then leaves out",
        ),
        (
            "id = ANY (ARRAY(SELECT id FROM t WHERE NOT done ORDER BY id FETCH FIRST 10 ROWS ONLY)) AND id > 40",
            "Its LIMIT takes 10 rows that a condition outside then leaves out",
        ),
        ("id IN (SELECT id FROM t TABLESAMPLE SYSTEM (0) WHERE NOT done LIMIT 10)", "depends on chance"),
        ("NOT done AND pg_try_advisory_xact_lock(id)", "depends on chance or on other sessions' locks"),
        ("NOT done AND random() < 0", "depends on chance"),
    ],
)
def test_a_batch_whose_empty_repeat_proves_nothing_is_no_success(rows, session, condition, why):
    session.execute("SELECT pg_advisory_lock(id) FROM t")
    rows.write("0001_fill", f"-- batch: true\nUPDATE t SET done = true WHERE {condition};\n")
    stopped = rows.run("migrate")
    assert stopped.code == 1
    assert "the batch changes nothing any more, but rows may be left" in stopped.err
    assert why in stopped.err
    assert "changed several times" not in stopped.err
    rows.write("0001_fill", BACKFILL.format(how="true"))  # the way out that the hint names
    rows.ok("repair", "continue", "0001_fill", "--reason", "another condition")
    rows.ok("migrate")
    assert filled(rows) == 95


@pytest.mark.parametrize(
    "condition",
    [
        "id IN (SELECT id FROM t WHERE NOT done ORDER BY random() LIMIT 10)",
        "NOT done AND id >= (SELECT min(id) FROM t)",
        "NOT done AND id > (SELECT id - 1 FROM t ORDER BY id LIMIT 1)",
        "NOT done AND id IN (SELECT id FROM t ORDER BY id LIMIT 100)",
    ],
)
def test_a_limit_that_hides_no_row_ends_the_batch(rows, condition):
    rows.write("0001_fill", f"-- batch: true\nUPDATE t SET done = true WHERE {condition};\n")
    rows.ok("migrate")
    assert filled(rows) == 95


def test_a_batch_whose_rows_a_trigger_keeps_is_stopped(rows):
    rows.query(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
        "CREATE TRIGGER keep BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.id <= 10) EXECUTE FUNCTION keep()"
    )
    rows.write("0001_fill", BACKFILL.format(how="true"))
    done = rows.run("migrate")
    assert done.code == 1
    assert "the batch makes no progress" in done.err


def test_a_batch_that_only_meets_what_is_there_is_stopped(rows):
    rows.query("CREATE TABLE u (id int UNIQUE); INSERT INTO u SELECT generate_series(1, 10)")
    rows.write(
        "0001_fill",
        "-- batch: true\nINSERT INTO u SELECT id FROM t ORDER BY id LIMIT 10 ON CONFLICT DO NOTHING;\n",
    )
    done = rows.run("migrate")
    assert done.code == 1
    assert "the batch finds rows but changes none of them" in done.err
    assert rows.run("status", "--check").code == 3


@pytest.mark.parametrize(
    "statement",
    [
        "WITH d AS (DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 10) RETURNING *) INSERT INTO t SELECT * FROM d;",
        "UPDATE t SET done = done WHERE id IN (SELECT id FROM t ORDER BY id LIMIT 10);",
        "INSERT INTO u SELECT id FROM t LIMIT 10;",
        "WITH picked AS (SELECT id FROM t LIMIT 10) UPDATE t SET done = true FROM picked WHERE t.id = picked.id;",
    ],
)
def test_a_batch_that_makes_no_headway_is_stopped(rows, statement):
    rows.query("CREATE TABLE u (id int)")
    rows.write("0001_fill", f"-- batch: true\n{statement}\n")
    stopped = rows.run("migrate")
    assert stopped.code == 1
    assert "the batch makes no progress: it touched 200 rows where there are 95" in stopped.err
    assert "migrations/0001_fill.sql:2:1" in stopped.err
    assert "200 rows in 20 batches are committed and stay so" in stopped.err
    rows.write("0001_fill", BACKFILL.format(how="true"))  # the way out that the hint names
    rows.ok("repair", "continue", "0001_fill", "--reason", "another condition")
    rows.ok("migrate")
    assert rows.query("SELECT count(*) FROM t WHERE NOT done") == [(0,)]


@pytest.mark.parametrize(
    ("source", "rows_each"),
    [
        ("SELECT g FROM generate_series(1, 150) AS g", 150),
        ("SELECT generate_series(1, 150)", 150),
        ("SELECT * FROM unnest(array_fill(1, ARRAY[150]))", 150),
        ("SELECT a.column1 FROM (VALUES (1), (2)) AS a CROSS JOIN generate_series(1, 100)", 200),
        ("SELECT t.id FROM t CROSS JOIN generate_series(1, 2)", 190),
        ("SELECT g FROM generate_series(1, 150) AS g WHERE g > 50", 100),
        (
            "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 150) SELECT n FROM r",
            150,
        ),
        ("SELECT e::int FROM jsonb_array_elements(to_jsonb(array_fill(1, ARRAY[150]))) AS e", 150),
        ("SELECT g FROM generate_series(1, 150) AS g ON CONFLICT (id) DO UPDATE SET id = excluded.id", 150),
    ],
)
def test_a_batch_that_makes_the_same_rows_each_time_is_stopped(rows, source, rows_each):
    rows.query(f"CREATE TABLE u (id int{' UNIQUE' if 'CONFLICT' in source else ''})")
    rows.write("0001_fill", f"-- batch: at most 9\nINSERT INTO u {source};\n")
    stopped = rows.run("migrate")
    assert stopped.code == 1
    assert f"it touched {2 * rows_each} rows where there are {rows_each}" in stopped.err


def test_a_trigger_may_make_headway_with_rows_from_a_function(rows):
    rows.query(
        "CREATE TABLE u (id int, made timestamptz DEFAULT statement_timestamp());"
        "CREATE FUNCTION few() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN"
        " IF EXISTS (SELECT FROM u WHERE id = NEW.id) OR (SELECT count(*) FROM u WHERE made = statement_timestamp()) >= 100"
        " THEN RETURN NULL; END IF; RETURN NEW; END'"
    )
    rows.query("CREATE TRIGGER few BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION few()")
    rows.write("0001_fill", "-- batch: true\nINSERT INTO u SELECT g FROM generate_series(1, 500) AS g;\n")
    assert "finds rows but changes none of them" in rows.run("migrate").err
    assert rows.query("SELECT count(*) FROM u") == [(500,)]


def test_a_batch_that_moves_or_makes_rows_is_left_to_its_work(rows):
    rows.query("INSERT INTO t SELECT generate_series(96, 1000); CREATE TABLE u (id int)")
    rows.write(
        "0001_move",
        "-- batch: true\nWITH moved AS (DELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 50) RETURNING id)"
        " INSERT INTO u SELECT id FROM moved;\n",
    )
    rows.write(
        "0002_make",
        "-- batch: true\nINSERT INTO u SELECT g FROM generate_series(1001, 2000) AS g"
        " WHERE NOT EXISTS (SELECT FROM u WHERE id = g) LIMIT 100;\n",
    )
    rows.query(
        "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (5000)"
    )
    rows.write(
        "0003_parts",
        "-- batch: true\nINSERT INTO p SELECT g FROM generate_series(1, 1000) AS g"
        " WHERE NOT EXISTS (SELECT FROM p WHERE id = g) LIMIT 100;\n",
    )
    rows.ok("migrate")
    assert rows.query("SELECT count(*), count(DISTINCT id) FROM u") == [(2000, 2000)]
    assert rows.query("SELECT count(*), count(DISTINCT id) FROM p") == [(1000, 1000)]


def test_a_batch_is_one_transaction_each_time(rows):
    rows.query("ALTER TABLE t ADD COLUMN x bigint")
    rows.write(
        "0001_fill", BACKFILL.format(how="true").replace("done = true", "done = true, x = txid_current()")
    )
    rows.ok("migrate")
    assert rows.query("SELECT count(DISTINCT x) FROM t") == [(10,)]


def test_the_cap_stops_a_batch_and_the_next_run_goes_on(rows):
    rows.write("0001_fill", BACKFILL.format(how="at most 3, pause 1ms"))
    done = rows.run("migrate")
    assert done.code == 1
    assert "0001_fill still finds rows after 3 repeats" in done.err
    assert "30 rows in 3 batches so far, each committed." in done.err
    assert filled(rows) == 30
    assert rows.run("migrate").code == 1
    assert "going on after 60 rows in 6 batches" in rows.run("migrate").err
    assert "going on after 90 rows in 9 batches" in rows.ok("migrate").err
    assert rows.query("SELECT rows_affected FROM _runner_migration WHERE operation = 'apply'") == [(95,)]


def test_a_killed_batch_has_counted_what_it_did(rows, session):
    rows.write("0001_fill", BACKFILL.format(how="true"))
    rows.query("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS"
               " 'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END'")  # fmt: skip
    rows.query(
        "CREATE TRIGGER wait BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.id = 45) EXECUTE FUNCTION wait()"
    )
    with session.transaction():
        session.execute("SELECT pg_advisory_xact_lock(1)")
        run = rows.start("migrate", "--lock-timeout", "0")
        rows.wait_for(f"{ADVISORY} AND NOT granted", run)
        run.send_signal(signal.SIGKILL)
        run.communicate()
    assert filled(rows) == 40
    assert rows.query("SELECT rows_affected, repeats FROM _runner_journal WHERE step = 1") == [(40, 4)]
    rows.ok("migrate")
    assert rows.query("SELECT rows_affected FROM _runner_migration WHERE operation = 'apply'") == [(95,)]


def test_a_batch_waits_while_others_wait_for_locks(rows, session):
    rows.write("0001_fill", BACKFILL.format(how="waiting 0"))
    rows.query("CREATE TABLE gate ()")
    with session.transaction():
        session.execute("LOCK TABLE gate")
        other = rows.start("exec", "--", "psql", "-c", "SELECT * FROM gate")
        rows.wait_for("SELECT 1 FROM pg_locks WHERE relation = 'gate'::regclass AND NOT granted", other)
        run = rows.start("migrate")
        waits = (
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'runner' AND query LIKE '%replay_lag%'"
            " AND datname = current_database()"
        )
        rows.wait_for(waits, run)
        assert filled(rows) == 0
    other.communicate()
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert filled(rows) == 95


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("-- batch: sometimes\nDELETE FROM t;", 'batch holds "sometimes"'),
        ("-- batch: pause 1ms, pause 2ms\nDELETE FROM t;", 'batch holds "pause 2ms"'),
        ("-- batch: true\nCREATE TABLE a ();", "CREATE TABLE in a file with -- batch"),
        ("-- batch: true\n-- transactional: true\nDELETE FROM t;", "transactional: true in a file with batch"),
        ("-- batch: true\nUPDATE t SET done = true WHERE id < (SELECT min (id) + 9 FROM t);", "a batch without LIMIT"),
        ("-- batch: true\nDELETE FROM t WHERE id IN (SELECT row_number() OVER () FROM t);", "a batch without LIMIT"),
        ("-- batch: true\nDELETE FROM t WHERE id IN (SELECT id FROM t LIMIT 9 FOR UPDATE SKIP /* x */ LOCKED);", "SKIP LOCKED in a file"),
        ("-- batch: true\nWITH x AS (SELECT 1) SELECT * FROM x;", "a statement with -- batch does not change rows"),
        ("-- parallel: 2\nSELECT 1;", "parallel in a file that is run as a whole"),
        ("-- parallel: 99\n-- transactional: false\nSELECT 1;", 'parallel is "99"'),
        ("-- transactional: false\n-- parallel: 2\nSELECT 1; SET a.b = 1;", "SET between parallel statements"),
        ("-- transactional: false\n-- parallel: 2\nBEGIN; SET search_path = a; COMMIT; SELECT 1;",
         "in a BEGIN … COMMIT block of a parallel file"),
        ("-- transactional: false\n-- parallel: 2\nDO $$ BEGIN PERFORM set_config('search_path', 'x', false); END $$; SELECT 1;",
         "statement 1 of 0001_a changed the settings of its session"),
        ("-- copy: t from ../x.csv\nSELECT 1;", "../x.csv is outside the project"),
        ("-- copy: t from x.csv\nSELECT 1;", "no file x.csv to copy from"),
        ("-- copy: t rows.csv\nSELECT 1;", "copy is not understood"),
        ("-- transactional: false\n-- copy: t from runner.toml\nSELECT 1;", "copy in a file that is not one transaction"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_so_is_refused_with_its_place(rows, content, said):
    rows.write("runner.toml", "")
    rows.write("0001_a", content)
    done = rows.run("migrate")
    assert done.code in {1, 2}
    assert said in done.err
    assert "migrations/0001_a.sql:" in done.err
    assert filled(rows) == 0


def test_statements_run_in_parallel_each_in_the_journal(project):
    project.query("CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE c (id int)")
    project.write(
        "0001_i",
        "-- transactional: false\n-- parallel: 3\nSET maintenance_work_mem = '32MB';\n"
        + "".join(f"CREATE INDEX CONCURRENTLY {t}_idx ON {t} (id);\n" for t in "abc"),
    )
    project.ok("migrate")
    assert project.query(
        "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE '_\\_idx'"
    ) == [(3,)]
    assert project.applied() == ["0001_i"]


def test_statements_in_parallel_are_at_work_at_the_same_time(project):
    meet = "DO $$ BEGIN PERFORM pg_advisory_lock_shared(7); WHILE (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) < 2 LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;\n"  # fmt: skip # noqa: E501
    project.write("0001_a", "-- transactional: false\n-- parallel: 2\n" + meet + meet)
    project.ok("migrate", "--statement-timeout", "30s")


def test_a_failure_in_parallel_keeps_what_is_done_and_the_next_run_goes_on(project):
    project.write(
        "0001_a",
        "-- transactional: false\n-- parallel: 2\nCREATE TABLE a ();\nSELECT nope();\nCREATE TABLE b ();\nCREATE TABLE c ();",
    )
    done = project.run("migrate")
    assert done.code == 1
    assert "function nope() does not exist" in done.err
    assert "migrations/0001_a.sql:4:8" in done.err
    project.query("CREATE FUNCTION nope() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    project.ok("migrate")
    assert project.tables() == {"a", "b", "c"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_all_that_runs_in_parallel(project, session, number):
    project.query("CREATE TABLE a (id int); CREATE TABLE b (id int)")
    project.write(
        "0001_i",
        "-- transactional: false\n-- parallel: 2\n"
        "CREATE INDEX CONCURRENTLY a_idx ON a (id);\nCREATE INDEX CONCURRENTLY b_idx ON b (id);\n",
    )
    with session.transaction():
        session.execute("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)")
        run = project.start("migrate")
        project.wait_for("SELECT 1 FROM pg_index WHERE NOT indisvalid HAVING count(*) = 2", run)
        run.send_signal(number)
        run.communicate(timeout=30)
        if number == signal.SIGTERM:
            assert run.returncode == 143
    project.ok("migrate")
    assert project.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


def test_a_connection_that_is_lost_in_parallel_is_made_again(project, session):
    project.query("CREATE TABLE a (id int); CREATE TABLE b (id int)")
    project.write(
        "0001_i",
        "-- transactional: false\n-- parallel: 2\n"
        "CREATE INDEX CONCURRENTLY a_idx ON a (id);\nCREATE INDEX CONCURRENTLY b_idx ON b (id);\n",
    )
    with session.transaction():
        session.execute("INSERT INTO a VALUES (1)")
        run = project.start("migrate")
        found = project.wait_for(
            "SELECT pid FROM pg_stat_activity WHERE query LIKE '%INDEX CONCURRENTLY a_idx%' AND wait_event_type = 'Lock'"
            " AND datname = current_database()",
            run,
        )
        project.query("SELECT pg_terminate_backend(%s)", [found[0][0]])
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert project.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    assert project.applied() == ["0001_i"]


@pytest.mark.parametrize(
    ("name", "content", "directive"),
    [
        ("d.csv", "code,name\nde,Germany\nfr,\"Fr\nance\"\n", "t (code, name) from data/d.csv"),
        ("d.csv", "\ufeffde,Germany\nfr,\"Fr\nance\"\n", "t (code, name) from data/d.csv"),
        ("d.csv", "de;Germany\nfr;'Fr\nance'\n", "t (code, name) from data/d.csv (FORMAT csv, DELIMITER ';', QUOTE '''')"),
        ("d.tsv", "de\tGermany\nfr\tFr\\nance\n", "public.t from 'data/d.tsv'"),
        ("d.tsv", "code\tname\nde\tGermany\nfr\tFr\\nance\n\\.\n", "t from data/d.tsv"),
        ("d.csv", "code,name\nde,Germany\nfr,\"Fr\nance\"\n", "t from data/d.csv (NULL '')"),
        ("d.csv", "de,Germany\nfr,\"Fr\nance\"\n", "t (code, name) from data/d.csv (HEADER false)"),
    ],
)  # fmt: skip
def test_a_file_of_data_is_loaded_in_the_transaction_that_records_it(project, name, content, directive):
    project.write(f"data/{name}", content)
    project.write("0001_a", f"-- copy: {directive}\nCREATE TABLE t (code text, name text);", "DROP TABLE t;")
    done = project.ok("migrate", "--json").data
    assert done["databases"][0]["steps"][0]["rows"] == 2
    assert project.query("SELECT * FROM t ORDER BY 1") == [("de", "Germany"), ("fr", "Fr\nance")]
    project.ok("rollback", "--yes")
    assert project.tables() == set()


def test_a_line_of_data_that_is_refused_is_named_and_nothing_is_left(project):
    project.write("data/d.csv", "1\n2\nx\n")
    project.write("0001_a", "-- copy: t (id) from data/d.csv\nCREATE TABLE t (id int);")
    done = project.run("migrate")
    assert done.code == 1
    assert 'invalid input syntax for type integer: "x"' in done.err
    assert "at data/d.csv:3" in done.err
    assert "the migration was rolled back whole" in done.err
    assert project.tables() == set()


@pytest.mark.parametrize(
    ("content", "directive", "message"),
    [
        pytest.param("code,label\nde,Germany\n", "t from data/d", "has a header that does not", id="header"),
        pytest.param("de\tGermany\n\\.\nfr\tFrance\n", "t from data/d (FORMAT text)", "has rows after", id="end"),
        pytest.param("de,Germany\nno,Nothing\n", "t from data/d", "has 2 rows, and 1 came into t", id="a trigger"),
    ],
)  # fmt: skip
def test_a_file_of_which_not_every_row_comes_in_fails(project, content, directive, message):
    project.write("data/d.csv", content)
    project.write(
        "0001_a",
        f"-- copy: {directive.replace('data/d', 'data/d.csv')}\nCREATE TABLE t (code text, name text);\n"
        "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF new.code = 'no' THEN RETURN NULL; END IF; RETURN new; END $$;\n"
        "CREATE TRIGGER skip BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION skip();\n",
    )
    done = project.run("migrate")
    assert done.code == 1
    assert f"data/d.csv {message}" in done.err
    assert "he migration was rolled back whole." in done.err
    assert project.tables() == set()


def test_a_file_of_data_that_changes_while_it_is_loaded_fails(project, session):
    project.query("CREATE TABLE t (id int)")
    project.write("data/d.csv", "1\n2\n")
    project.write("0001_a", "-- copy: t from data/d.csv\n-- lock_timeout: 0\n")
    with session.transaction():
        session.execute("LOCK TABLE t")
        run = project.start("migrate")
        project.wait_for(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY t %' AND wait_event_type = 'Lock' AND datname = current_database()",
            run,
        )
        with (project.root / "data/d.csv").open("a") as file:
            file.write("3\n")
    _, err = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "data/d.csv changed while it was loaded" in err
    assert project.query("SELECT count(*) FROM t") == [(0,)]
    project.ok("migrate")
    assert project.query("SELECT count(*) FROM t") == [(3,)]


def test_a_row_that_is_only_a_backslash_and_a_dot_comes_in(project):
    project.write("data/d.csv", "x\n\\.\ny\n")
    project.write("0001_a", "-- copy: t from data/d.csv\nCREATE TABLE t (word text);")
    project.ok("migrate")
    assert project.query("SELECT word FROM t") == [("x",), ("\\.",), ("y",)]


def test_statements_in_parallel_that_a_killed_run_left_at_work_are_waited_for(project):
    project.query("CREATE TABLE l (n int)")
    statements = "".join(f"INSERT INTO l SELECT {n} FROM pg_sleep(0.7);\n" for n in range(3))
    project.write("0001_a", f"-- transactional: false\n-- parallel: 3\n{statements}")
    run = project.start("migrate")
    at_work = "query LIKE '%INSERT INTO l%' AND state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()"
    project.wait_for(f"SELECT 1 FROM pg_stat_activity WHERE {at_work} HAVING count(*) = 3", run)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    project.ok("migrate")
    assert project.query("SELECT array_agg(n ORDER BY n) FROM l") == [([0, 1, 2],)]


def test_columns_in_another_order_than_the_file_has_them_are_refused(project):
    project.write("data/d.csv", "name,code\nGermany,de\n")
    project.write("0001_a", "-- copy: t (code, name) from data/d.csv\nCREATE TABLE t (code text, name text);")
    done = project.run("migrate")
    assert done.code == 1
    assert "data/d.csv has the columns in another order" in done.err
    assert project.tables() == set()


def test_a_batch_says_what_it_had_committed_when_it_fails(rows):
    rows.query("ALTER TABLE t ADD CHECK (id < 25 OR NOT done)")
    rows.write("0001_fill", BACKFILL.format(how="true"))
    done = rows.run("migrate")
    assert done.code == 1
    assert "20 rows in 2 batches are committed and stay so" in done.err
    assert "0 of 1 statement, 20 rows in batches" in rows.ok("status").out
