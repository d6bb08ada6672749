"""A container as bare as it may be: a uid that nobody knows, no HOME, no network but the server's socket, LANG=C."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from runner.server.local import Server
from tests.faults.filesets import MIXED

_UID = "54321"


@pytest.fixture
def bare(world):
    """Run the command line there; the server is one that listens on a socket alone."""
    unshare = [
        shutil.which("unshare") or "unshare",
        "--user",
        f"--map-user={_UID}",
        f"--map-group={_UID}",
        "--net",
        "--",
    ]
    try:
        subprocess.run([*unshare, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no user and network of its own can be had here: {error}")
    server = Server(world.folder / "socket", environ=os.environ, ephemeral=True)
    running = server.start(tcp=False)
    server.home.chmod(0o711)
    project = world.folder / "bare"
    MIXED.write(project)
    (project / "migrations/0006_é.sql").write_text("CREATE TABLE \"é\" (note text DEFAULT 'ü');\n", "utf-8")
    (project / "migrations/0006_é.rollback.sql").write_text('DROP TABLE "é";\n', "utf-8")
    environ = {
        "LANG": "C",
        "PATH": os.defpath,
        "PGHOST": running.host,
        "PGPORT": str(running.port),
        "PGUSER": "postgres",
        "PGPASSWORD": running.password.reveal(),
        "PGDATABASE": "postgres",
        "CI": "true",
    }
    yield lambda *args: subprocess.run(
        [*unshare, sys.executable, "-m", "runner", "-C", project, *args],
        env=environ,
        capture_output=True,
        check=False,
    )
    server.stop()


def test_it_migrates_and_leads_back(bare):
    done = bare("migrate")
    assert done.returncode == 0, done.stderr.decode()
    assert "applied      0006_é" in done.stdout.decode()
    status = bare("status")
    assert status.returncode == 0
    assert _UID in status.stdout.decode()
    assert bare("rollback", "--all", "--yes").returncode == 0


def test_an_error_is_told_in_full(bare):
    done = bare("migrate", "--to", "nosuch_é")
    assert done.returncode == 2
    assert 'no file "nosuch_é"' in done.stderr.decode()
