"""What a migration may do to its scratch database: it is dropped all the same, and a refusal is a finding."""

from __future__ import annotations

import pytest

ON_THIS = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {}', current_database()); END $$;\n"
SUBSCRIPTION = "CREATE SUBSCRIPTION {} CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION p WITH (connect = false);\n"
LEFT = """
SELECT d.datname FROM pg_database AS d
WHERE starts_with(d.datname, 'runner_scratch_') AND d.datname <> 'runner_scratch_1_killed' AND NOT EXISTS (
    SELECT FROM pg_stat_activity WHERE application_name = 'keeps ' || d.datname  -- of another test
)
"""


@pytest.fixture
def written(project):
    def write(apply: str, rollback: str) -> None:
        project.write("0001_base", "CREATE TABLE base (id integer);\n", "DROP TABLE base;\n")
        project.write("0002_change", apply, rollback)
        project.write("0003_later", "CREATE TABLE later (id integer);\n", "DROP TABLE later;\n")

    return write


@pytest.mark.parametrize(
    ("apply", "rollback", "verdict"),
    [
        pytest.param(
            ON_THIS.format("IS_TEMPLATE true"), ON_THIS.format("IS_TEMPLATE false"), "proven", id="template"
        ),
        pytest.param(ON_THIS.format("IS_TEMPLATE true"), "SELECT 1;\n", "differs", id="left a template"),
        pytest.param(ON_THIS.format("CONNECTION LIMIT 7"), "SELECT 1;\n", "differs", id="left a limit"),
        pytest.param(
            SUBSCRIPTION.format('"Odd name"'),
            'ALTER SUBSCRIPTION "Odd name" SET (slot_name = NONE); DROP SUBSCRIPTION "Odd name";\n',
            "proven",
            id="subscription",
        ),
        pytest.param(SUBSCRIPTION.format("s"), "SELECT 1;\n", "failed", id="left a subscription"),
        pytest.param("DROP TABLE _runner_migration;\n", "SELECT 1;\n", "failed", id="history dropped"),
    ],
)
def test_the_scratch_database_is_dropped_and_what_is_left_in_it_is_told(
    project, verify, written, apply, rollback, verdict
):
    written(apply, rollback)
    found = verify("--all")
    assert found.verdicts()["0002_change"] == verdict
    assert "left behind" not in found.err
    assert project.query(LEFT) == []


@pytest.mark.parametrize("apply", [ON_THIS.format("IS_TEMPLATE true"), SUBSCRIPTION.format("s")])
def test_a_snapshot_of_such_files_is_written_and_its_scratch_database_dropped(project, written, apply):
    written(apply, "SELECT 1;\n")
    done = project.run("snapshot", "--scratch-url", project.url)
    assert done.code == 0, done.err
    assert project.query(LEFT) == []


def test_what_a_killed_runner_left_is_dropped_though_it_is_a_template(project, verify, written):
    written("SELECT 1;\n", "SELECT 1;\n")
    project.query("CREATE DATABASE runner_scratch_1_killed IS_TEMPLATE true")
    verify("--all")
    assert project.query("SELECT FROM pg_database WHERE datname = 'runner_scratch_1_killed'") == []
