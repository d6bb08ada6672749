"""The schema is compared with the snapshot, and the snapshot with the files."""

from __future__ import annotations

import pytest


@pytest.fixture
def shop(project):
    """A project with its snapshot, applied."""
    project.write(
        "0001_a",
        "CREATE TABLE a (id int PRIMARY KEY, note text);\nCREATE INDEX a_note_idx ON a (note);\n",
        "DROP TABLE a;",
    )
    project.ok("snapshot", "--scratch-url", project.url)
    assert "schema validated against sql/schema/schema.sql" in project.ok("migrate").out
    return project


@pytest.mark.parametrize(
    ("drift", "line"),
    [
        pytest.param("DROP INDEX a_note_idx", "missing index a_note_idx on public.a", id="missing"),
        pytest.param("CREATE TABLE b (id int)", "unexpected table public.b", id="unexpected"),
        pytest.param(
            "ALTER TABLE a ALTER note SET DEFAULT 'x'", "changed column public.a.note", id="changed"
        ),
    ],
)
def test_drift_is_named_and_shown_as_sql(shop, drift, line):
    shop.query(drift)
    done = shop.run("validate")
    assert done.code == 3
    assert line in done.out
    assert "--- sql/schema/schema.sql" in done.out
    (database,) = shop.run("validate", "--json").data["databases"]
    assert database["matches"] is False
    assert len(database["differences"]) == 1


def test_a_migration_that_the_snapshot_does_not_know_ends_with_3_and_stays(shop):
    shop.write("0002_b", "CREATE TABLE b (id int);")
    done = shop.run("migrate")
    assert done.code == 3
    assert "applied      0002_b" in done.out
    assert "the database is not as sql/schema/schema.sql says" in done.err
    assert "All migrations are applied and recorded.\n    unexpected table public.b" in done.err
    assert "+CREATE TABLE public.b (" in done.err
    assert shop.applied() == ["0001_a", "0002_b"]


def test_in_a_single_transaction_a_mismatch_takes_everything_back(shop):
    shop.write("0002_b", "CREATE TABLE b (id int);")
    done = shop.run("migrate", "--single-transaction")
    assert done.code == 3
    assert "nothing is changed" in done.err
    assert shop.applied() == ["0001_a"]
    assert shop.tables() == {"a"}


def test_validation_can_be_left_out(shop):
    shop.write("0002_b", "CREATE TABLE b (id int);")
    assert "validat" not in shop.ok("migrate", "--no-validate").out


def test_a_database_below_the_last_file_is_not_compared(shop):
    shop.write("0002_b", "CREATE TABLE b (id int);")
    shop.write("0003_c", "CREATE TABLE c (id int);")
    assert "not validated: 1 still pending" in shop.ok("migrate", "--to", "0002").out
    done = shop.run("validate")
    assert done.code == 3
    assert "not validated: 1 still pending" in done.out


def test_a_stale_snapshot_is_found_without_touching_the_database(shop):
    shop.write("0002_b", "CREATE TABLE b (id int);")
    done = shop.run("snapshot", "--check", "--scratch-url", shop.url)
    assert done.code == 3
    assert "sql/schema/schema.sql  stale" in done.out
    assert shop.tables() == {"a"}
    shop.ok("snapshot", "--scratch-url", shop.url)
    shop.ok("snapshot", "--check", "--scratch-url", shop.url)
    assert "schema validated" in shop.ok("migrate").out


def test_no_scratch_database_is_left_behind(shop):
    shop.write("0002_b", "SELECT nope;")
    run = shop.start("snapshot", "--scratch-url", shop.url)
    run.communicate(timeout=60)
    assert run.returncode == 1
    assert shop.query(f"SELECT datname FROM pg_database WHERE datname ~ '^runner_scratch_{run.pid}_'") == []


def test_a_read_only_role_validates(shop):
    assert shop.run("validate", PGOPTIONS="-c default_transaction_read_only=on").code == 0


def test_an_extension_more_is_told_and_no_failure(shop):
    shop.query('CREATE EXTENSION "uuid-ossp"')
    done = shop.ok("validate")
    assert 'schema validated against sql/schema/schema.sql; beside it: extension "uuid-ossp"' in done.out
    shop.query("DROP INDEX a_note_idx")
    assert shop.run("validate").code == 3
