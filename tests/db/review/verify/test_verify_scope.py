"""What `runner verify` rehearses, where, and that it leaves nothing behind."""

from __future__ import annotations

import subprocess
from contextlib import closing

import psycopg

from tests.db.review.verify.conftest import DROP_ORDERS, ORDERS


def test_by_default_what_is_pending_on_the_target_is_rehearsed(project, verify):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.ok("migrate")
    project.write("0002_paid", "ALTER TABLE orders ADD paid boolean;\n", "ALTER TABLE orders DROP paid;\n")
    found = verify()
    assert (list(found.migrations), found.database["replayed"]) == (["0002_paid"], 1)
    assert project.query("SELECT count(*) FROM _yoyo_migration") == [(1,)]


def test_since_and_base_choose_without_a_target(project, verify):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write("0002_paid", "ALTER TABLE orders ADD paid boolean;\n", "ALTER TABLE orders DROP paid;\n")

    def git(*args):
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *identity, *args], cwd=project.root, check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    git("add", ".")
    git("commit", "--message", "first")
    git("checkout", "-b", "change")
    project.write("0003_new", "CREATE TABLE new (id int);\n", "DROP TABLE new;\n")
    project.write(
        "migrations/0002_paid.rollback.sql",
        "ALTER TABLE orders DROP COLUMN paid;\n",
    )
    nowhere = {"DATABASE_URL": ""}
    assert list(verify("--since", "0001", **nowhere).migrations) == ["0002_paid", "0003_new"]
    assert list(verify("--base", "main", **nowhere).migrations) == ["0002_paid", "0003_new"]
    git("add", ".")
    git("commit", "--message", "second")
    assert list(verify("--base", "main", **nowhere).migrations) == ["0002_paid", "0003_new"]


def test_an_unknown_base_is_refused(project):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    subprocess.run(["git", "init"], cwd=project.root, check=True, capture_output=True)
    done = project.run("verify", "--base", "nowhere")
    assert done.code == 2
    assert "git cannot compare with 'nowhere'" in done.err


def test_without_a_target_it_says_how_to_choose(project):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    done = project.run("verify", DATABASE_URL="", RUNNER_LOCAL="0")
    assert done.code == 2
    assert "what is pending is not known" in done.err
    assert "--all" in done.err


def test_scratch_databases_are_dropped_those_of_a_killed_run_by_the_next(project, verify):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    with closing(psycopg.connect(**{**project.parameters, "dbname": "postgres"}, autocommit=True)) as admin:
        admin.execute("CREATE DATABASE runner_scratch_0_left TEMPLATE template0")
        admin.execute("CREATE DATABASE runner_scratch_0_used TEMPLATE template0")
        keeper = {**project.parameters, "dbname": "postgres"}
        with closing(psycopg.connect(**keeper, application_name="keeps runner_scratch_0_used")):
            verify("--all")
            rows = admin.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE 'runner_scratch_0%'"
            ).fetchall()
        admin.execute("DROP DATABASE runner_scratch_0_used")
    assert rows == [("runner_scratch_0_used",)]


def test_the_real_target_is_weighed_and_not_touched(project, verify):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.ok("migrate")
    project.query("INSERT INTO orders SELECT n, n, 'note' FROM generate_series(1, 5000) AS n")
    project.query("ANALYZE orders")
    project.write("0002_paid", "ALTER TABLE orders ADD paid boolean;\n", "ALTER TABLE orders DROP paid;\n")
    found = verify("--target")
    (table,) = found.database["target"]["tables"]
    assert (table["relation"], table["rows"], table["writes_per_s"]) == ("public.orders", 5000, 0)
    assert table["size_bytes"] > 200_000
    said = " ".join(project.ok("verify", "--target", "--scratch-url", project.url).out.split())
    assert "ACCESS EXCLUSIVE on public.orders (" in said
    assert "reads and writes wait" in said


def test_it_does_not_rehearse_beside_the_target_unless_told(project):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    done = project.run("verify", "--all", RUNNER_LOCAL="0")
    assert done.code == 2
    assert "no server for a rehearsal: name one with --scratch-url" in done.err
    assert project.tables() == set()
