"""One database that is not there keeps no other from what is done to each."""

from __future__ import annotations

import pytest

from tests.db.engine.conftest import Project

DOWN = "postgresql://nobody@127.0.0.1:1/alpha"


@pytest.fixture
def half(project: Project) -> Project:
    """Two databases, the first of which does not answer."""
    for name in ("alpha", "beta"):
        project.write(f"migrations/{name}/0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY);\n")
        project.write(f"migrations/{name}/0001_t.rollback.sql", "DROP TABLE t;\n")
    project.ok("migrate", "--database", "beta")
    project.environ.update(ALPHA_DATABASE_URL=DOWN, BETA_DATABASE_URL=project.url)
    return project


def test_the_other_database_is_backed_up(half, tmp_path):
    done = half.run("backup", "--to", str(tmp_path / "kept"))
    assert done.code == 4
    assert "error: alpha: nothing listens at 127.0.0.1:1" in done.err
    assert "Every other database had its turn." in done.err
    assert "beta" in done.out
    assert [path.suffix for path in sorted((tmp_path / "kept").glob("beta-*"))] == [".dump", ".json"]
    told = half.run("backup", "--to", str(tmp_path / "kept"), "--json")
    assert told.code == 4
    assert [each["database"] for each in told.data["databases"]] == ["beta"]
    assert told.data["error"]["exit_code"] == 4


def test_the_other_database_is_kept_in_order(half):
    done = half.run("maintenance", "--json")
    assert done.code == 4
    assert done.data["error"]["message"] == "alpha: nothing listens at 127.0.0.1:1"
    assert [each["database"] for each in done.data["databases"]] == ["beta"]


def test_the_other_database_is_asked_how_it_is(half):
    done = half.run("health", "--json")
    assert done.code == 4
    assert [each["database"] for each in done.data["databases"]] == ["beta"]
    assert done.data["error"]["kind"] == "unreachable"
    metrics = half.run("health", "--format", "openmetrics")
    assert metrics.code == 4
    assert 'runner_health_level{database="beta",query="connections"} 0' in metrics.out
    assert metrics.out.endswith("# EOF\n")
    shown = half.run("health")
    assert shown.out.startswith("beta ")
    assert "error: alpha: nothing listens" in shown.err


def test_what_no_new_try_cures_is_told_before_what_it_may(half):
    half.environ["BETA_DATABASE_URL"] = half.url.rsplit("/", 1)[0] + "/not_there"
    done = half.run("maintenance")
    assert done.code == 2
    assert "error: beta: there is no database 'not_there'" in done.err
    assert "Also alpha: nothing listens at 127.0.0.1:1." in done.err


def test_what_is_wrong_with_all_is_told_once(half, tmp_path):
    half.environ["BETA_DATABASE_URL"] = DOWN
    done = half.run("backup", "--to", str(tmp_path / "kept"))
    assert done.code == 4
    assert done.err.startswith("error: nothing listens at 127.0.0.1:1\n")
    assert "Also" not in done.err


def test_the_other_snapshot_is_written(project):
    project.write("migrations/alpha/0001_t.sql", "CREATE TABLE t (a integer, a text);\n")
    project.write("migrations/beta/0001_t.sql", "CREATE TABLE t (a integer);\n")
    project.write("migrations/gamma/0001_t.sql", "SELECT 1/0;\n")
    done = project.run("snapshot", "--scratch-url", project.url)
    assert done.code == 1
    assert "sql/schema/beta.sql  written" in done.out
    assert 'error: alpha: column "a" specified more than once' in done.err
    assert "Also gamma: division by zero." in done.err
    assert "Every other database had its turn." in done.err
    told = project.run("snapshot", "--check", "--json", "--scratch-url", project.url)
    assert told.code == 1
    assert told.data["databases"] == [
        {"database": "beta", "path": "sql/schema/beta.sql", "changed": False, "diff": ""}
    ]
    assert told.data["error"]["exit_code"] == 1
    drawn = project.run("snapshot", "--format", "html", "--scratch-url", project.url)
    assert drawn.code == 1
    assert "Tables of beta" in drawn.out
