"""runner status --history: who did what with which migration, when, from where, with which SQL."""

from __future__ import annotations

import uuid

import psycopg
import pytest


def entries(project, *arguments: str) -> list[dict]:
    return project.ok("status", "--history", "--json", *arguments).data["databases"][0]["entries"]


@pytest.fixture
def lived(project):
    """A database with a past."""
    project.write("0001_a", "CREATE TABLE a (id int);\n", "DROP TABLE a;\n")
    project.write(
        "sql/functions/f.sql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    )
    project.ok("migrate", RUNNER_ACTOR="alice", RUNNER_GIT_COMMIT="c0ffee" * 6, RUNNER_IMAGE="app@sha256:1")
    project.write("0002_b", "SELECT nope;")
    assert project.run("migrate", RUNNER_ACTOR="bob").code == 1
    project.remove("0002_b")
    project.write(
        "sql/functions/f.sql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';\n"
    )
    project.ok("migrate")
    project.write("0001_a", "CREATE TABLE a (id int); -- remark\n")
    project.ok("repair", "accept", "0001_a", "--reason", "a remark")
    project.ok("rollback", "--to", "f", "--yes")
    return project


def test_every_operation_is_in_it_newest_first(lived):
    found = entries(lived)
    assert [(e["operation"], e["id"], e["actor"]) for e in found] == [
        ("rollback", "0001_a", "tester"),
        ("accept", "0001_a", "tester"),
        ("apply", "f", "tester"),
        ("fail", "0002_b", "bob"),
        ("apply", "0001_a", "alice"),
        ("apply", "f", "alice"),
    ]
    first = found[4]
    assert (first["git_commit"], first["image"], first["runner_version"]) == (
        "c0ffee" * 6,
        "app@sha256:1",
        "0.1.0",
    )
    assert first["db_user"]
    assert first["host"]
    assert first["duration_ms"] >= 0
    assert first["sql"] == "CREATE TABLE a (id int);\n"
    assert found[0]["sql"] == "DROP TABLE a;\n"
    assert found[0]["image"] is None
    assert found[1]["reason"] == "a remark"
    assert (found[3]["reason"], found[3]["sql"]) == ('column "nope" does not exist', "SELECT nope;")
    assert [e["recorded_at"] for e in found] == sorted((e["recorded_at"] for e in found), reverse=True)


def test_people_get_a_line_each_and_the_sql_when_they_ask(lived):
    lines = lived.ok("status", "--history").out.splitlines()
    assert len(lines) == 7
    assert "  rolled back  0001_a  tester" in lines[1]
    assert "failed       0002_b  bob" in lines[4]
    assert "image app@sha256:1" in lines[5]
    assert "commit c0ffeec0ffee" in lines[5]
    done = lived.ok("status", "--history", "--limit", "1", "--sql")
    assert done.out.splitlines()[2] == "      DROP TABLE a;"
    assert len(done.out.splitlines()) == 3


def test_what_stock_yoyo_did_is_in_it_once(project):
    project.write("0001_a", "CREATE TABLE a ();", "DROP TABLE a;")
    project.write("0002_b", "CREATE TABLE b ();", "DROP TABLE b;")
    assert project.yoyo("apply", "--revision", "0001_a").code == 0
    assert [(e["operation"], e["id"], e["tool"]) for e in entries(project)] == [("apply", "0001_a", "yoyo")]
    project.ok("migrate")
    assert project.yoyo("rollback", "--revision", "0002_b").code == 0
    assert [(e["operation"], e["id"], e["tool"]) for e in entries(project)] == [
        ("rollback", "0002_b", "yoyo"),
        ("apply", "0002_b", "runner"),
        ("apply", "0001_a", "yoyo"),
    ]


def test_baseline_and_forget_are_in_it(project):
    project.write("0001_a", "CREATE TABLE a ();", "DROP TABLE a;")
    project.query("CREATE TABLE a ()")
    project.ok("baseline", "--to", "0001_a", "--scratch-url", project.url)
    project.remove("0001_a")
    project.write("0002_b")
    project.ok("repair", "forget", "0001_a", "--reason", "merged")
    assert [(e["operation"], e["tool"]) for e in entries(project)] == [
        ("forget", "runner"),
        ("baseline", "runner"),
    ]


def test_a_role_that_may_only_read_reads_it_and_an_empty_database_has_none(lived, new_project):
    role, admin = f"reader_{uuid.uuid4().hex[:8]}", lived.parameters
    lived.query(
        f"CREATE ROLE {role} LOGIN PASSWORD '{role}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    )
    try:
        lived.parameters = {**admin, "user": role, "password": role}
        assert len(entries(lived)) == 6
    finally:
        lived.parameters = admin
        lived.query(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert "nothing was done yet" in new_project().ok("status", "--history").out


def test_the_past_of_an_older_runner_is_read(lived):
    lived.query("DROP TABLE _runner_journal; ALTER TABLE _runner_migration DROP COLUMN rows_affected")
    assert len(entries(lived)) == 6


def test_a_role_that_may_only_write_history_goes_on_with_the_image(project):
    project.write("0001_a")
    project.ok("migrate")
    role, admin = f"writer_{uuid.uuid4().hex[:8]}", project.parameters
    project.query(
        f"CREATE ROLE {role} LOGIN PASSWORD '{role}';"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
    )
    project.write("0002_b")
    try:
        project.parameters = {**admin, "user": role, "password": role}
        project.ok("migrate", RUNNER_IMAGE="app@sha256:2")
        assert entries(project)[0]["image"] == "app@sha256:2"
    finally:
        project.parameters = admin
        with psycopg.connect(**admin, autocommit=True) as conn:
            conn.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
