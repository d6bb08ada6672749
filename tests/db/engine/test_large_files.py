"""A file over 1 MiB is streamed, the data of its COPY as well."""

from __future__ import annotations

import pytest

from tests.db.engine.conftest import VENV_BIN

ROWS = 30_000
DATA = "".join(f"{n}\t{'x' * 60}\n" for n in range(ROWS))
COPY = f"COPY t (id, a) FROM stdin;\n{DATA}\\.\n"


@pytest.fixture
def table(project):
    project.query("CREATE TABLE t (id int, a text)")
    return project


@pytest.mark.parametrize("head", ["", "-- transactional: false\n"], ids=["one transaction", "piecemeal"])
@pytest.mark.parametrize(
    ("text", "copies"),
    [
        pytest.param(COPY, 1, id="first and last"),
        pytest.param(f"SELECT 1;\n{COPY}SELECT 2;\n{COPY}{COPY}SELECT 3;\n", 3, id="between statements"),
        pytest.param(f"{COPY}\nUPDATE t SET a = 'y';\n", 1, id="before a statement"),
    ],
)
def test_data_of_a_large_file_come_in_whole(table, head, text, copies):
    table.write("0001_a", f"{head}{text}")
    table.ok("migrate", "--no-validate")
    assert table.query("SELECT count(*), count(DISTINCT id) FROM t") == [(ROWS * copies, ROWS)]


def test_a_row_that_is_refused_rolls_the_file_back(table):
    table.write("0001_a", f"SELECT 1;\n{COPY[:-3]}x\ty\n\\.\n")
    done = table.run("migrate", "--no-validate")
    assert done.code == 1
    assert 'invalid input syntax for type integer: "x"' in done.err
    assert "at migrations/0001_a.sql:2:1" in done.err
    assert "the migration was rolled back whole" in done.err
    assert table.query("SELECT count(*) FROM t") == [(0,)]


def test_streamed_data_that_met_a_lock_are_sent_again_whole(table, session):
    table.write("0001_a", f"-- transactional: false\n{COPY}")
    with session.transaction():
        session.execute("LOCK TABLE t")
        run = table.start("migrate", "--no-validate", "--lock-timeout", "50ms", "--lock-retries", "100")
        assert "canceling statement due to lock timeout" in run.stderr.readline()
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert table.query("SELECT count(*), count(DISTINCT id) FROM t") == [(ROWS, ROWS)]


def test_streamed_data_that_are_in_effect_are_not_sent_again(table):
    table.write("0001_a", f"-- transactional: false\n{COPY}SELECT 1 / (SELECT count(*) FROM ok);\n{COPY}")
    assert table.run("migrate", "--no-validate").code == 1
    table.query("CREATE TABLE ok AS SELECT 1")
    table.ok("migrate", "--no-validate")
    assert table.query("SELECT count(*), count(DISTINCT id) FROM t") == [(2 * ROWS, ROWS)]


def test_the_stock_yoyo_streams_it_too(table):
    table.write("0001_a", f"{COPY}SELECT 1;\n")
    url = table.url.replace("postgresql://", "postgresql+runner://")
    done = table.command(
        [str(VENV_BIN / "yoyo"), "apply", "--batch", "--no-config-file", "--database", url, "migrations"]
    )
    assert done.code == 0, done.err
    assert table.query("SELECT count(*) FROM t") == [(ROWS,)]
