"""--metrics-file: how a run went, written whole, after success and after failure."""

from __future__ import annotations

import signal

from prometheus_client.openmetrics.parser import text_string_to_metric_families


def metrics(project) -> dict[str, float]:
    text = (project.root / "run.prom").read_text("utf-8")
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_success_and_failure_are_told_and_the_last_success_stays(project):
    project.write("0001_a", "SELECT 1;")
    project.write("0002_b", "SELECT 1;")
    project.ok("migrate", "--steps", "1", "--metrics-file", "run.prom")
    good = metrics(project)
    assert (good["runner_run_exit_code"], good["runner_run_steps"], good["runner_pending"]) == (0, 1, 1)
    assert good["runner_last_success_timestamp_seconds"] == good["runner_run_timestamp_seconds"]
    project.write("0002_b", "SELECT nope;")
    assert project.run("migrate", RUNNER_METRICS_FILE="run.prom").code == 1
    bad = metrics(project)
    assert (bad["runner_run_exit_code"], bad["runner_run_steps"]) == (1, 0)
    assert bad["runner_last_success_timestamp_seconds"] == good["runner_last_success_timestamp_seconds"]
    assert bad["runner_run_timestamp_seconds"] > good["runner_run_timestamp_seconds"]
    assert "runner_pending" not in bad
    assert [path.name for path in project.root.glob("*run.prom*")] == ["run.prom"]


def test_tries_and_waits_are_counted(project, session):
    project.write("0001_a", "CREATE TABLE a ();")
    project.ok("migrate", "--metrics-file", "run.prom")
    project.write("0002_b", "DROP TABLE a;")
    session.execute("BEGIN; LOCK TABLE a")
    options = ("--lock-timeout", "20ms", "--lock-retries", "2", "--metrics-file", "run.prom")
    assert project.run("migrate", *options).code == 4
    assert metrics(project)["runner_run_retries"] == 2
    assert metrics(project)["runner_run_exit_code"] == 4


def test_a_stop_and_a_drift_are_told_too(project):
    project.write("0001_a", "SELECT pg_sleep(60);")
    run = project.start("migrate", "--metrics-file", "run.prom")
    project.wait_for(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND datname = current_database() AND pid <> pg_backend_pid()"
    )
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=60)
    assert run.returncode == metrics(project)["runner_run_exit_code"] == 143
    project.write("0001_a", "CREATE TABLE a ();", "DROP TABLE a;")
    project.write("sql/schema/schema.sql", "")
    assert project.run("migrate", "--metrics-file", "run.prom").code == 3
    assert metrics(project)["runner_run_exit_code"] == 3


def test_rollback_writes_it_too(project):
    project.write("0001_a", "SELECT 1;", "SELECT 1;")
    project.ok("migrate")
    project.ok("rollback", "--yes", "--metrics-file", "run.prom")
    assert metrics(project)["runner_run_steps"] == 1


def test_a_file_that_cannot_be_written_is_told_and_fails_nothing(project):
    project.write("0001_a")
    done = project.ok("migrate", "--metrics-file", "nowhere/run.prom")
    assert (
        "the metrics were not written to nowhere/run.prom: cannot write nowhere/run.prom: no such file or directory"
        in done.err
    )
