"""A file that changes while it runs is not recorded as what it was."""

from __future__ import annotations

import os

import pytest

ROW = f"INSERT INTO t VALUES ('{'x' * 600}');\n"
ROWS = 4_000
WAITING = (
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def shorten(path):
    """Cut the file behind a statement, in place, as an editor or a checkout does."""
    os.truncate(path, path.stat().st_size - 200 * len(ROW))


def replace_one(path):
    with path.open("r+b") as file:
        file.seek(-len(ROW), os.SEEK_END)
        file.write(ROW.replace("x", "y").encode())


@pytest.mark.parametrize(
    ("way", "change"),
    [
        ("transactional", shorten),
        ("transactional", replace_one),
        ("not transactional", shorten),
        ("repeatable", replace_one),
        ("the stock yoyo", replace_one),
    ],
)
def test_a_streamed_file_that_changes_while_it_runs_is_not_recorded(project, session, way, change):
    head = "-- transactional: false\n" if way == "not transactional" else ""
    name = "sql/functions/big.sql" if way == "repeatable" else "migrations/0001_big.sql"
    create = "CREATE TABLE IF NOT EXISTS t (a text);\n"
    project.write("0001_other" if way == "repeatable" else name, "SELECT 1;")
    rows = 100 if way == "not transactional" else ROWS
    rest = f"-- {'z' * 100}\n" * 30_000 if way == "not transactional" else ""
    project.write(name, f"{head}{create}SELECT pg_advisory_xact_lock(4711);\n{ROW * rows}{rest}")
    path = project.root / name
    before = path.read_bytes()
    session.execute("SELECT pg_advisory_lock(4711)")
    if way == "the stock yoyo":
        run = _start_yoyo(project)
    else:
        run = project.start("migrate", "--no-validate", "--statement-timeout", "0", "--lock-timeout", "0")
    project.wait_for(WAITING, run)
    change(path)
    session.execute("SELECT pg_advisory_unlock(4711)")
    _, err = run.communicate(timeout=120)
    assert run.returncode == 1, err
    assert "changed while it was" in err
    if way == "not transactional":
        assert "in effect" in err
    else:
        assert project.tables() == set()
    assert path.stem not in project.applied()
    path.write_bytes(before)
    project.ok("migrate", "--no-validate")
    assert project.query("SELECT count(*) FROM t") == [(rows,)]


def _start_yoyo(project):
    import subprocess

    from tests.db.engine.conftest import VENV_BIN, clean_environment

    url = project.url.replace("postgresql://", "postgresql+runner://")
    return subprocess.Popen(
        [str(VENV_BIN / "yoyo"), "apply", "--batch", "--no-config-file", "--database", url, "migrations"],
        cwd=project.root,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
