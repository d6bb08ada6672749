"""The one line that Kubernetes shows of a failed pod."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from runner.cli import termination
from runner.errors import Location, MigrationFailedError
from runner.report.failure import error_as_line

pytestmark = pytest.mark.slow

ERROR = MigrationFailedError(
    'column "totl" does not exist',
    where=Location("migrations/0007_x.sql", 9, 11, text="WHERE totl IS NULL"),
    detail="Statement 2 of 3, SQLSTATE 42703;\nthe migration was rolled back whole.",
    hint="Perhaps you meant total.",
)
LINE = (
    'error: column "totl" does not exist at migrations/0007_x.sql:9:11 | Statement 2 of 3, SQLSTATE 42703; '
    "the migration was rolled back whole. | Perhaps you meant total."
)


def run(tmp_path, *, code, **environ):
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/0001_x.sql").write_text("SELECT 1;\n")
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME"}}
    program = [sys.executable, "-m", "runner", "migrate", "--url", "mysql://h/d"]
    done = subprocess.run(program, cwd=tmp_path, env=kept | environ, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done


def test_an_error_is_one_line():
    assert error_as_line(ERROR) == LINE
    assert error_as_line(MigrationFailedError("it failed")) == "error: it failed"


def test_the_line_goes_where_the_variable_says(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        "of an earlier try, and longer than what comes now, so that a rest of it would be seen" * 9
    )
    done = run(tmp_path, code=2, RUNNER_TERMINATION_LOG=str(log))
    assert log.read_text() == (
        "error: --url is a URL for mysql, not for PostgreSQL | It has the form "
        "postgresql://user:password@host:5432/database"
    )
    assert done.stderr.startswith("error: --url is a URL for mysql")


def test_a_file_that_cannot_be_written_does_not_hide_the_error(tmp_path):
    done = run(tmp_path, code=2, RUNNER_TERMINATION_LOG=str(tmp_path / "none" / "log"))
    assert done.stderr.startswith("error: --url is a URL for mysql")


def test_in_kubernetes_the_kubelets_file_is_used_and_never_made(tmp_path, monkeypatch):
    log = tmp_path / "termination-log"
    monkeypatch.setattr(termination, "_KUBELETS", str(log))
    termination.leave_word("no cluster", {})
    termination.leave_word("no file", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert not log.exists()
    log.touch()
    termination.leave_word("no cluster", {})
    assert log.read_text() == ""
    termination.leave_word("it failed", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert log.read_text() == "it failed"


def test_no_more_is_written_than_the_kubelet_reads_and_no_half_character(tmp_path):
    log = tmp_path / "log"
    termination.leave_word("x" + "é" * 4000, {"RUNNER_TERMINATION_LOG": str(log)})
    assert log.read_text("utf-8") == "x" + "é" * 2047
