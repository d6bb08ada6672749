"""What depends on a repeatable is run again with it, and after it."""

from __future__ import annotations

import pytest

BASE = "sql/functions/vw_b.sql"
DROPS = "-- depends: 0001_t\nDROP VIEW IF EXISTS vw_b CASCADE;\nCREATE VIEW vw_b AS SELECT id FROM t;\n"


@pytest.fixture
def views(project):
    """Three views, each on the one before, whose names sort against their order; and a function on its own."""
    project.write("0001_t", "CREATE TABLE t (id int, a int);", "DROP TABLE t;")
    project.write(BASE, "-- depends: 0001_t\nCREATE OR REPLACE VIEW vw_b AS SELECT id, a FROM t;\n")
    project.write(
        "sql/functions/vw_a.sql", "-- depends: vw_b\nCREATE OR REPLACE VIEW vw_a AS SELECT id FROM vw_b;\n"
    )
    project.write(
        "sql/functions/a_last.sql",
        "-- depends: vw_a\nCREATE OR REPLACE VIEW a_last AS SELECT id FROM vw_a;\n",
    )
    project.write(
        "sql/functions/f.sql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    )
    project.ok("migrate", "--no-validate")
    return project


def names(project):
    return sorted(
        name for (name,) in project.query("SELECT viewname FROM pg_views WHERE schemaname = 'public'")
    )


def test_dependents_go_along_in_their_order(views):
    views.write(BASE, DROPS)
    status = views.ok("status").out
    assert "2 applied, 3 outdated" in status
    assert "depends on vw_b" in status
    assert views.run("status", "--check").code == 3
    data = views.ok("migrate", "--no-validate", "--json").data["databases"][0]
    assert [(step["action"], step["id"]) for step in data["steps"]] == [
        ("reapply", "vw_b"),
        ("reapply", "vw_a"),
        ("reapply", "a_last"),
    ]
    assert names(views) == ["a_last", "vw_a", "vw_b"]
    views.ok("status", "--check")
    assert "up to date" in views.ok("migrate").out


def test_a_dependent_that_was_not_reached_is_run_by_the_next_migrate(views):
    views.write(BASE, DROPS)
    views.ok("migrate", "--no-validate", "--steps", "1")
    assert names(views) == ["vw_b"]
    assert "2 outdated" in views.ok("status").out
    views.ok("migrate", "--no-validate")
    assert names(views) == ["a_last", "vw_a", "vw_b"]


def test_a_failing_dependent_is_not_forgotten_once_the_first_is_in_effect(views):
    views.write(BASE, DROPS.replace("SELECT id", "SELECT a"))
    done = views.run("migrate", "--no-validate")
    assert done.code == 1
    assert 'column "id" does not exist' in done.err
    views.write(
        "sql/functions/f.sql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';\n"
    )
    assert views.run("migrate", "--no-validate").code == 1
    views.write(BASE, DROPS)
    views.ok("migrate", "--no-validate")
    assert names(views) == ["a_last", "vw_a", "vw_b"]


def test_a_cycle_with_one_that_stays_as_it_is_is_refused(views):
    views.write(BASE, DROPS.replace("0001_t", "0001_t vw_a"))
    for command in (["migrate"], ["plan"]):
        done = views.run(*command)
        assert done.code == 2
        assert "circular dependency: vw_a → vw_b → vw_a" in done.err
    assert names(views) == ["a_last", "vw_a", "vw_b"]


def test_an_accepted_repeatable_did_not_run(views):
    views.write(BASE, DROPS)
    views.ok("repair", "accept", "vw_b", "--reason", "made by hand")
    views.ok("status", "--check")
