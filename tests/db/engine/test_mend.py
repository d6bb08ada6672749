"""A live database is adopted only when it is what the files give; history is set right only with a reason."""

from __future__ import annotations

import pytest


@pytest.fixture
def files(project):
    """Three migrations and a repeatable; nothing applied."""
    project.write(
        "sql/functions/one.sql", "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    )
    project.write("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    project.write("0002_b", "CREATE TABLE b (id int);", "DROP TABLE b;")
    project.write("0003_c", "CREATE TABLE c (id int);", "DROP TABLE c;")
    project.environ["RUNNER_SCRATCH_URL"] = project.url
    return project


ONE = "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'"


def test_the_point_where_the_two_agree_is_found(files):
    for made in (ONE, "CREATE TABLE a (id int)", "CREATE TABLE b (id int)"):
        files.query(made)
    done = files.ok("baseline")
    assert "3 migrations recorded as applied, none was run" in done.out
    assert "1 migration applied" in files.ok("migrate").out
    assert files.applied()[-1] == "0003_c"
    assert "0002_b" in files.ok("status").out
    files.ok("rollback", "--to", "0001", "--yes")
    assert files.tables() == {"a"}


def test_a_database_that_differs_is_refused_and_shown(files):
    files.query(ONE)
    files.query("CREATE TABLE a (id bigint)")
    done = files.run("baseline", "--to", "0001")
    assert done.code == 3
    assert "differs from what the files give up to 0001_a" in done.err
    assert "changed column public.a.id" in done.err
    assert "--- column public.a.id of the files up to 0001_a\n" in done.err
    assert "+++ column public.a.id of the database\n" in done.err
    assert "    -id integer" in done.err
    assert "    +id bigint" in done.err
    assert files.applied() == []


def test_several_points_of_agreement_are_a_question(files):
    files.write("0002_b", "INSERT INTO a VALUES (1);", "DELETE FROM a;")
    files.query(ONE)
    files.query("CREATE TABLE a (id int)")
    done = files.run("baseline")
    assert done.code == 3
    assert "is what the files give up to 0001_a and up to 0002_b" in done.err
    files.ok("baseline", "--to", "0002")


def test_accepted_differences_leave_repeatables_pending(files):
    files.query("CREATE TABLE a (id bigint)")
    done = files.ok("baseline", "--to", "0001", "--accept-differences")
    assert "accepted  changed column public.a.id" in done.out
    assert files.applied() == ["0001_a"]
    files.ok("migrate")
    assert files.query("SELECT one()") == [(1,)]


def test_what_differs_is_accepted_only_at_a_named_point(files):
    done = files.run("baseline", "--accept-differences")
    assert done.code == 2
    assert "--accept-differences needs --to" in done.err


def test_a_database_with_history_needs_no_baseline(files):
    files.ok("migrate", "--to", "0001")
    done = files.run("baseline")
    assert done.code == 3
    assert "has a history already, up to 0001_a" in done.err


def test_stock_yoyo_knows_a_baseline(files):
    files.query(ONE)
    files.query("CREATE TABLE a (id int)")
    files.ok("baseline", "--to", "0001")
    listing = files.yoyo("list", sources=("sql/functions", "migrations"))
    assert [line.split()[:2] for line in listing.out.splitlines()[2:]] == [
        ["A", "one"], ["A", "0001_a"], ["U", "0002_b"], ["U", "0003_c"],
    ]  # fmt: skip


def test_a_missing_file_is_forgotten_with_a_reason(files):
    files.ok("migrate")
    files.remove("0003_c")
    without = files.run("repair", "forget", "0003_c")
    assert without.code == 2
    assert "--reason" in without.err
    files.ok("repair", "forget", "0003_c", "--reason", "merged into 0002")
    assert "missing" not in files.ok("status").out
    assert files.query("SELECT operation, reason FROM _runner_migration ORDER BY id DESC LIMIT 1") == [
        ("forget", "merged into 0002")
    ]
    assert files.query("SELECT operation FROM _yoyo_log ORDER BY created_at_utc DESC LIMIT 1") == [
        ("unmark",)
    ]


def test_what_has_its_file_is_not_forgotten(files):
    files.ok("migrate")
    done = files.run("repair", "forget", "0003_c", "--reason", "x")
    assert done.code == 3
    assert "0003_c still has its file" in done.err


def test_accept_needs_a_file_and_rename_an_unused_name(files):
    files.ok("migrate")
    files.remove("0003_c")
    assert "has no file to accept" in files.run("repair", "accept", "0003_c", "--reason", "x").err
    assert (
        "0002_b is applied itself" in files.run("repair", "rename", "0003_c", "0002_b", "--reason", "x").err
    )


def test_nobody_but_the_owner_gets_at_history(files):
    role = "reader_" + files.parameters["dbname"]
    files.query(f"CREATE ROLE {role}")
    files.query(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {role}, PUBLIC")
    files.query(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO {role}")
    try:
        files.ok("migrate")
        rights = (
            "SELECT relname FROM pg_class, aclexplode(relacl) AS acl WHERE acl.grantee <> relowner"
            " AND relname ~ '(yoyo|runner)'"
        )
        assert files.query(rights) == []
        files.query(f"GRANT SELECT ON _yoyo_migration TO {role}")
        files.write("0004_d", "SELECT 1;")
        files.ok("migrate")
        assert files.query(rights) == [("_yoyo_migration",)]
    finally:
        files.query(f"DROP OWNED BY {role}")
        files.query(f"DROP ROLE {role}")


def test_a_rename_is_refused_when_it_would_hide_a_migration(files):
    files.ok("migrate", "--to", "0001")
    still = files.run("repair", "rename", "0001", "0002", "--reason", "x")
    assert "0001_a still has its file" in still.err
    files.remove("0001_a")
    other = files.run("repair", "rename", "0001", "0002", "--reason", "x")
    assert other.code == 3
    assert "0002_b is not what was applied as 0001_a" in other.err
    assert files.applied() == ["one", "0001_a"]


def test_accept_is_for_what_was_edited_and_needs_words(files):
    files.ok("migrate")
    assert "is as it was applied" in files.run("repair", "accept", "0001", "--reason", "x").err
    assert files.run("repair", "accept", "0001", "--reason", " ").code == 2
