"""`runner verify`: what a migration takes, and whether its rollback undoes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.db.engine.conftest import clean_environment
from tests.db.review.verify.conftest import DROP_ORDERS, ORDERS

ROOT = Path(__file__).parents[4]


def test_both_shipped_databases_are_proven(server):
    url = f"postgresql://{server['user']}:{server['password']}@{server['host']}:{server['port']}/postgres"
    done = subprocess.run(
        [sys.executable, "-m", "runner", "verify", "--all", "--scratch-url", url],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "25 migrations proven up, down and up" in done.stdout
    assert "6 migrations proven up, down and up" in done.stdout


def test_a_rollback_that_leaves_something_is_shown_as_sql(project, verify):
    project.write("0001_orders", ORDERS + "CREATE INDEX orders_total_idx ON orders (total);\n", DROP_ORDERS)
    project.write(
        "0002_more",
        "ALTER TABLE orders ADD COLUMN a int, ADD COLUMN b int;\n",
        "ALTER TABLE orders DROP b;\n",
    )
    project.write("0003_last", "CREATE TABLE last (id int);\n", "DROP TABLE last;\n")
    found = verify("--all")
    assert found.code == 3
    assert found.verdicts() == {"0001_orders": "proven", "0002_more": "failed", "0003_last": "proven"}
    trip = found.trip("0002_more")
    assert [d["identity"] for d in trip["after_rollback"]] == ["public.orders.a"]
    assert "+    a integer" in trip["rollback_diff"]
    assert trip["failed_on"] == "apply again"
    assert 'column "a" of relation "orders" already exists' in trip["error"]["message"]
    assert trip["error"]["hint"] == "Its rollback left it behind and must undo that too."


def test_a_rollback_that_takes_too_much_is_shown_as_sql(project, verify):
    project.write("0001_orders", ORDERS + "CREATE INDEX orders_total_idx ON orders (total);\n", DROP_ORDERS)
    project.write(
        "0002_note",
        "ALTER TABLE orders ADD COLUMN a int;\n",
        "ALTER TABLE orders DROP COLUMN a; DROP INDEX orders_total_idx;\n",
    )
    found = verify("--all")
    assert found.code == 3
    trip = found.trip("0002_note")
    assert (trip["verdict"], trip["failed_on"]) == ("differs", None)
    assert [(d["change"], d["kind"]) for d in trip["after_rollback"]] == [("missing", "index")]
    assert trip["after_again"] == trip["after_rollback"]


def test_a_file_that_the_server_refuses_is_placed_and_the_rest_not_tried(project, verify):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write("0002_typo", "SELECT 1;\nUPDATE orders SET totl = 1;\n", "SELECT 1;\n")
    project.write("0003_last", "SELECT 1;\n", "SELECT 1;\n")
    found = verify("--all")
    assert found.code == 3
    assert found.verdicts() == {"0001_orders": "proven", "0002_typo": "failed", "0003_last": "not tried"}
    trip = found.trip("0002_typo")
    assert trip["failed_on"] == "apply"
    assert trip["error"]["where"] == {"path": "migrations/0002_typo.sql", "line": 2, "column": 19}


def test_a_rollback_that_the_server_refuses_is_placed(project, verify):
    project.write("0001_orders", ORDERS, "DROP TABLE ordres;\n")
    found = verify("--all")
    trip = found.trip("0001_orders")
    assert (found.code, trip["verdict"], trip["failed_on"]) == (3, "failed", "rollback")
    assert trip["error"]["where"]["path"] == "migrations/0001_orders.rollback.sql"


def test_no_way_back_is_reported_and_counts_only_where_no_reason_is_given(project, verify):
    project.write("0001_orders", "-- irreversible: it is the first\n" + ORDERS)
    found = verify("--all")
    assert (found.code, found.verdicts()) == (0, {"0001_orders": "irreversible"})
    assert found.trip("0001_orders")["reason"] == "it is the first"
    said = project.ok("verify", "--all", "--scratch-url", project.url).out
    assert "  1 migration irreversible, proven up in " in said
    assert "up, down and up" not in said
    project.write("0002_more", "CREATE TABLE more (id int);\n")
    found = verify("--all")
    assert (found.code, found.trip("0002_more")["verdict"]) == (3, "no rollback")


def test_constraints_see_the_rows_of_the_seed(project, verify):
    project.write("sql/seed/database.sql", "INSERT INTO orders VALUES (1, NULL, NULL);\n")
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write(
        "0002_known",
        "ALTER TABLE orders ALTER total SET NOT NULL;\n",
        "ALTER TABLE orders ALTER total DROP NOT NULL;\n",
    )
    found = verify("--all")
    assert found.trip("0002_known")["failed_on"] == "apply"
    assert "contains null values" in found.trip("0002_known")["error"]["message"]


def test_rows_of_the_seed_that_do_not_fit_are_told_for_no_constraint_has_seen_them(project, verify):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write(
        "0002_paid", "ALTER TABLE orders ADD COLUMN paid date;\n", "ALTER TABLE orders DROP paid;\n"
    )
    project.write(
        "sql/seed/database.sql",
        "INSERT INTO orders (id) VALUES (1);\nINSERT INTO orders (id, paid) VALUES (2, now());\n",
    )
    found = verify("--all")
    assert found.database["seed_rows"] == 1
    assert found.database["seed_refused"] == ['line 2: column "paid" of relation "orders" does not exist']
    said = " ".join(project.run("verify", "--all", "--scratch-url", project.url).out.split())
    assert "1 row of sql/seed/database.sql (line 2 refused)" in said


def test_a_lock_that_is_held_already_does_not_hide_the_next_statements(project, verify):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write(
        "0002_two",
        "ALTER TABLE orders ADD a int;\nCREATE INDEX orders_a_idx ON orders (a);\nALTER TABLE orders ADD b int;\n",
        "ALTER TABLE orders DROP b, DROP a;\n",
    )
    found = verify("--all")
    assert found.locks("0002_two", 1) == {"public.orders": "ACCESS EXCLUSIVE"}
    assert found.locks("0002_two", 2) == {"public.orders": "SHARE"}
    assert found.locks("0002_two", 3) == {"public.orders": "ACCESS EXCLUSIVE"}
    second = found.statements("0002_two")[1]
    assert second["held"] == [{"relation": "public.orders", "kind": "table", "mode": "ACCESS EXCLUSIVE"}]
    assert second["built"] == ["public.orders_a_idx"]
    assert found.statements("0001_orders")[0]["locks"] == []


def test_a_file_that_is_right_only_as_one_transaction_is_rehearsed_as_one(project, verify):
    project.write(
        "0001_pair",
        "CREATE TABLE a (id int PRIMARY KEY);\n"
        "CREATE TABLE b (a_id int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\n",
        "DROP TABLE b, a;\n",
    )
    project.write(
        "0002_rows",
        "INSERT INTO b VALUES (1);\nINSERT INTO a VALUES (1);\n",
        "DELETE FROM b; DELETE FROM a;\n",
    )
    project.write(
        "0003_temp",
        "CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 2 AS id;\nINSERT INTO a SELECT id FROM t;\n",
        "DELETE FROM a WHERE id = 2;\n",
    )
    found = verify("--all")
    assert found.code == 0, found.err
    assert [s["alone"] for s in found.statements("0002_rows")] == [False, False]
    assert found.locks("0003_temp", 2) == {"public.a": "ROW EXCLUSIVE"}


def test_what_commits_by_itself_is_watched(project, verify):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write(
        "0002_index",
        "-- transactional: false\nCREATE INDEX CONCURRENTLY orders_total_idx ON orders (total);\nVACUUM orders;\n",
        "-- transactional: false\nDROP INDEX CONCURRENTLY orders_total_idx;\n",
    )
    found = verify("--all")
    assert found.code == 0, found.err
    first = found.statements("0002_index")[0]
    assert first["watched"]
    assert (first["built"], first["scanned"]) == (["public.orders_total_idx"], ["public.orders"])
    assert (
        found.locks("0002_index", 1)
        == found.locks("0002_index", 2)
        == {"public.orders": "SHARE UPDATE EXCLUSIVE"}
    )


def test_a_batch_that_makes_no_headway_ends_here_too(project, verify):
    project.write("0001_orders", ORDERS + "INSERT INTO orders SELECT generate_series(1, 50);\n", DROP_ORDERS)
    project.write("0002_fill", "-- batch: true\n-- irreversible: rows\nUPDATE orders SET note = NULL;\n")
    found = verify("--all")
    assert found.code != 0
    trip = found.trip("0002_fill")
    assert (trip["verdict"], trip["failed_on"]) == ("failed", "apply")
    assert "makes no progress: it touched 200 rows where there are 50" in trip["error"]["message"]


def test_a_batch_that_changes_nothing_ends_here_too(project, verify):
    project.write("0001_orders", ORDERS + "INSERT INTO orders SELECT generate_series(1, 50);\n", DROP_ORDERS)
    again = "INSERT INTO orders (id) SELECT id FROM orders LIMIT 10 ON CONFLICT DO NOTHING;\n"
    project.write("0002_again", f"-- batch: true\n-- irreversible: rows\n{again}")
    trip = verify("--all").trip("0002_again")
    assert (trip["verdict"], trip["failed_on"]) == ("failed", "apply")
    assert "finds rows but changes none of them" in trip["error"]["message"]


def test_a_batch_whose_tag_counts_nothing_is_rehearsed_to_its_end(project, verify):
    project.write("0001_orders", ORDERS + "INSERT INTO orders SELECT generate_series(1, 50);\n", DROP_ORDERS)
    project.write("0002_late", "CREATE TABLE late (id int);\n", "DROP TABLE late;\n")
    project.write(
        "0003_move",
        "-- batch: true\n-- irreversible: rows\n"
        "WITH moved AS (DELETE FROM orders WHERE id IN (SELECT id FROM orders ORDER BY id LIMIT 10) RETURNING id)\n"
        "    INSERT INTO late SELECT id FROM moved WHERE id > 30;\n",
    )
    project.write(
        "0004_none_is_left",
        "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM orders); END $$;\n",
        "SELECT 1;\n",
    )
    found = verify("--all")
    assert found.trip("0003_move")["verdict"] != "failed"
    assert found.trip("0004_none_is_left")["verdict"] == "proven"


def test_batches_and_loaded_files_are_rehearsed(project, verify):
    project.write("data/orders.csv", "id,total\n1,10\n2,20\n")
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write("0002_load", "-- copy: orders (id, total) from data/orders.csv\n", "DELETE FROM orders;\n")
    project.write(
        "0003_notes",
        "-- batch: true\nUPDATE orders SET note = 'x'\n    WHERE id IN (SELECT id FROM orders WHERE note IS NULL LIMIT 1);\n",
        "UPDATE orders SET note = NULL;\n",
    )
    found = verify("--all")
    assert found.code == 0, found.err
    assert set(found.verdicts().values()) == {"proven"}


def test_a_log_has_an_event_for_each_migration_that_was_rehearsed(project):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write("0002_more", "CREATE TABLE more (id int);\n", "SELECT 1;\n")
    done = project.run("verify", "--all", "--scratch-url", project.url, "--log-format", "json")
    events = [json.loads(line) for line in done.err.splitlines()]
    assert [(e["event"], e["migration"], e["verdict"]) for e in events] == [
        ("migration.rehearsed", "0001_orders", "proven"),
        ("migration.rehearsed", "0002_more", "failed"),
    ]


@pytest.mark.parametrize(
    ("apply", "shown"),
    [
        pytest.param("ALTER TABLE orders OWNER TO pg_monitor;", "OWNER TO pg_monitor", id="owner"),
        pytest.param("ALTER TABLE lines DISABLE TRIGGER ALL;", "NOT ENFORCED", id="foreign key off"),
        pytest.param(
            "CREATE COLLATION IF NOT EXISTS public.plain (locale = 'C');",
            "+CREATE COLLATION public.plain",
            id="collation",
        ),
        pytest.param(
            "ALTER PUBLICATION all_of SET (publish = 'insert');",
            "'insert'",
            id="publication",
        ),
        pytest.param(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 99', current_database()); END $$;",
            "+ALTER DATABASE ... SET work_mem=99;",
            id="setting of the database",
        ),
        pytest.param(
            "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO PUBLIC', current_database()); END $$;",
            "+GRANT CREATE ON DATABASE ... TO PUBLIC;",
            id="right on the database",
        ),
    ],
)
def test_a_rollback_that_leaves_what_no_snapshot_describes_is_not_proven(project, verify, apply, shown):
    lines = "CREATE TABLE lines (order_id integer REFERENCES orders); CREATE PUBLICATION all_of FOR TABLE lines;\n"
    project.write(
        "0001_orders", ORDERS + lines, "DROP PUBLICATION all_of;\nDROP TABLE lines;\n" + DROP_ORDERS
    )
    project.write("0002_change", f"{apply}\n", "SELECT 1;\n")
    trip = verify("--since", "0001_orders").trip("0002_change")
    assert trip["verdict"] == "differs"
    assert shown in trip["rollback_diff"]


def test_what_no_rollback_can_undo_is_a_note_and_no_fault(project, verify):
    project.write(
        "0001_base",
        "-- irreversible: a test\nCREATE TYPE mood AS ENUM ('sad', 'happy');\nCREATE DOMAIN d AS integer;\n"
        "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;\n"
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';\n",
    )
    project.write(
        "0002_mood", "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok' BEFORE 'happy';\n", "SELECT 1;\n"
    )
    project.write("0003_valid", "ALTER DOMAIN d VALIDATE CONSTRAINT c;\n", "SELECT 1;\n")
    project.write(
        "0004_f",
        "CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 2';\n",
        "CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql AS '\n    SELECT 1\n';\n",
    )
    found = verify("--since", "0001_base", "--no-lint", "--strict")
    assert (found.code, set(found.verdicts().values())) == (0, {"proven"})
    assert [found.trip(id_)["notes"] for id_ in found.migrations] == [
        ["type public.mood keeps 'ok': PostgreSQL cannot remove a value from an enum"],
        ["constraint c on domain public.d stays validated, which allows nothing that was refused before"],
        ["function public.f() differs only in white space"],
    ]
    assert found.database["findings"] == []
