"""While a migration waits, its runner says for whom; and it gives way when too many wait behind it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from contextlib import suppress

import psycopg
import pytest
from psycopg import sql

from tests.db.engine.conftest import clean_environment


@pytest.fixture
def orders(project, session):
    """A table that somebody reads in a transaction that stays open."""
    project.query("CREATE TABLE orders (id int)")
    project.write("0001_total", "ALTER TABLE orders ADD COLUMN total int;")
    with session.transaction():
        session.execute("SELECT id FROM orders WHERE id = 4711")
        yield session


@pytest.fixture
def reader(project):
    """Start a session that reads the table, or does something else; it waits behind the migration."""
    threads = []

    def start(statement: str = "SELECT 1 FROM orders") -> None:
        def read() -> None:
            with suppress(psycopg.Error):
                project.query(statement)

        threads.append(threading.Thread(target=read))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(20)


def read_until(stream, text: str) -> str:
    read = ""
    while text not in read:
        line = stream.readline()
        assert line, read
        read += line
    return read


def test_who_blocks_a_migration_is_said_while_it_waits(project, session, orders):
    run = project.start("migrate", "--lock-timeout", "60s", "--json")
    read = read_until(run.stderr, "SELECT id FROM orders")
    session.execute("COMMIT")
    out, err = run.communicate(timeout=30)
    assert run.returncode == 0, err
    first, wanted, blocked, statement = read.splitlines()
    assert first.split()[:2] == ["waiting", "0001_total"]
    assert wanted == "    for ACCESS EXCLUSIVE on public.orders"
    assert blocked.startswith(
        f"    blocked by pid {session.info.backend_pid} ({session.info.user}), idle in transaction"
    )
    assert statement == "      SELECT id FROM orders WHERE id = ?"
    assert '"0001_total"' in out


@pytest.mark.parametrize("how", ["flag", "environment", "directive", "file"])
def test_a_migration_gives_way_to_those_behind_it(project, orders, reader, how):
    args, environ = [], {"RUNNER_LOCK_TIMEOUT": "60s", "RUNNER_LOCK_RETRIES": "0"}
    if how == "flag":
        args = ["--max-blocked", "2"]
    elif how == "environment":
        environ["RUNNER_MAX_BLOCKED"] = "2"
    elif how == "file":
        project.write("runner.toml", "max_blocked = 2\n")
    else:
        args = ["--max-blocked", "1000"]
        project.write("0001_total", "-- max_blocked: 2\nALTER TABLE orders ADD COLUMN total int;")
    project.environ |= environ
    run = project.start("migrate", *args)
    waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass"
    project.wait_for(waits, run)
    reader()
    reader()
    _, err = run.communicate(timeout=30)
    assert run.returncode == 4, err
    assert "error: gave way: 2 sessions were waiting behind it\n" in err
    assert "the migration was rolled back whole" in err
    assert project.applied() == []


def test_an_index_built_concurrently_gives_way_to_nobody(project, session):
    project.query("CREATE TABLE orders (id int)")
    project.write("0001_index", "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON orders (id);")
    with session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        run = project.start("migrate", "--max-blocked", "1")
        read_until(run.stderr, "for older transactions to end, 0 of 1 did")
        with psycopg.connect(project.url, autocommit=True) as other:
            other.execute("SET lock_timeout = '500ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("ALTER TABLE orders ADD COLUMN total int")
        assert run.stderr is not None
        while "for older transactions to end, 0 of 1 did" not in (line := run.stderr.readline()):
            assert line, "the run ended"
    _, err = run.communicate(timeout=30)
    assert run.returncode == 0, err


def on_a_terminal(project, *args, **environ) -> tuple[subprocess.Popen, int]:
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "runner", *args],
        cwd=project.root,
        env={
            **clean_environment(),
            "DATABASE_URL": project.url,
            "TERM": "xterm",
            **project.environ,
            **environ,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    return run, ours


def terminal_until(ours: int, text: str) -> str:
    read = ""
    while text not in read:
        read += os.read(ours, 4096).decode()
    return read


def rest_of(ours: int) -> str:
    read = b""
    with suppress(OSError):  # Linux says EIO when the last writer is gone
        while part := os.read(ours, 4096):
            read += part
    os.close(ours)
    return read.decode()


def test_on_a_terminal_the_lines_are_rewritten_and_erased(project, session, orders):
    run, ours = on_a_terminal(project, "migrate", "--lock-timeout", "60s")
    terminal_until(ours, "2 s")
    session.execute("COMMIT")
    rest = rest_of(ours)
    out, _ = run.communicate(timeout=30)
    assert run.returncode == 0
    assert b"applied      0001_total" in out
    assert rest.rstrip().endswith("\x1b[2K")
    assert rest.count("\x1b[?25h") == 1


def test_a_role_with_one_connection_migrates_and_is_told_why_nothing_is_seen(project, session, orders):
    name = f"single_{project.parameters['dbname']}"
    role = sql.Identifier(name)
    with psycopg.connect(project.url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'single' CONNECTION LIMIT 1").format(role))
        try:
            admin.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(role))
            admin.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA public TO {}").format(role))
            project.write("0001_total", "-- lock_timeout: 60s\nLOCK TABLE orders;")
            url = project.url.replace(project.url.split("//")[1].split("@")[0], f"{name}:single")
            run, ours = on_a_terminal(project, "migrate", DATABASE_URL=url)
            terminal_until(ours, "nothing can be seen of it")
            session.execute("COMMIT")
            rest_of(ours)
            run.communicate(timeout=30)
            assert run.returncode == 0
        finally:
            admin.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(role))
            admin.execute(sql.SQL("DROP ROLE {}").format(role))


def test_what_gave_way_is_tried_again(project, session, orders, reader):
    run = project.start("migrate", "--lock-timeout", "60s", "--max-blocked", "1")
    project.wait_for("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass", run)
    reader()
    read = read_until(run.stderr, "try 1 of 10 more")
    assert "0001_total: gave way: 1 session was waiting behind it; try 1 of 10 more in" in read
    session.execute("COMMIT")
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert project.applied() == ["0001_total"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("-- batch: true\nUPDATE orders SET id = 2 WHERE id = 1;", id="batch"),
        pytest.param("-- transactional: false\nVACUUM FULL orders;", id="bare"),
        pytest.param("-- transactional: false\nBEGIN;\nDROP TABLE orders;\nCOMMIT;", id="block"),
        pytest.param("-- transactional: false\n-- parallel: 2\nDROP TABLE orders;\nSELECT 1;", id="parallel"),
    ],
)
def test_every_way_of_running_is_watched_and_gives_way(project, session, reader, content):
    project.query("CREATE TABLE orders (id int)")
    project.write("0001_a", content)
    with session.transaction():
        session.execute("LOCK TABLE orders IN SHARE MODE")
        run = project.start("migrate", "--lock-timeout", "60s", "--lock-retries", "0", "--max-blocked", "1")
        read = read_until(run.stderr, "LOCK TABLE orders IN SHARE MODE")
        reader("BEGIN; LOCK TABLE orders; COMMIT")
        _, err = run.communicate(timeout=30)
    assert "0001_a, statement 1 of" in read
    assert run.returncode == 4, err
    assert "error: gave way: 1 session was waiting behind it" in err
