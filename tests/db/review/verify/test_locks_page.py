"""docs/locks.md is what PostgreSQL does: each of its statements is run and measured."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from runner.errors import MigrationFailedError
from runner.files.migrations.migration import Script
from runner.files.sqltext.lexer import statements
from runner.review.verify.measuring import Measuring
from runner.review.verify.relations import Relations
from runner.review.verify.tracing import trace_file
from runner.server.local import Server
from tests.conftest import scratch_database
from tests.folders import server_folder

PAGE = Path(__file__).parents[4] / "docs" / "locks.md"
_ROW = re.compile(r"^\| `(?P<sql>[^`]+)` \| (?P<cells>.*) \|$", re.MULTILINE)
_SINCE = re.compile(r" \(since (\d+)\)")
_COMMITS_BY_ITSELF = "25001"


class Row(NamedTuple):
    """What the page says of a statement."""

    sql: str
    cells: tuple[frozenset[str], ...]  # locks, rewrites, reads, builds

    def on(self, major: int) -> tuple[frozenset[str], ...]:
        """What is said of this version."""

        def counts(item: str) -> bool:
            since = _SINCE.search(item)
            return since is None or int(since[1]) <= major

        return tuple(frozenset(_SINCE.sub("", i) for i in cell if counts(i)) for cell in self.cells)


def _rows() -> list[Row]:
    return [
        Row(match["sql"], tuple(map(_items, match["cells"].split(" | "))))
        for match in _ROW.finditer(PAGE.read_text("utf-8"))
    ]


def _items(cell: str) -> frozenset[str]:
    return frozenset() if cell == "–" else frozenset(cell.split(", "))


@pytest.fixture(scope="module", params=["reference", "18"])
def tables(request, server):
    """A database with the page's tables, on the server of all tests and on the wheel's."""
    own = nullcontext(server) if request.param == "reference" else _wheel()
    with own as address, scratch_database(address) as made:
        with psycopg.connect(**made, autocommit=True) as conn:
            conn.execute(f"ALTER DATABASE {made['dbname']} SET timezone = 'UTC'")
            conn.execute(re.search(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[1])
        yield made


@contextmanager
def _wheel():
    folder = server_folder()
    environ = {**os.environ, "RUNNER_LOCAL_POSTGRES": "wheel"}
    own = Server(folder / "postgres", environ=environ, ephemeral=True)
    started = own.start(tcp=True)
    try:
        yield {**started.parameters, "password": started.password.reveal(), "dbname": "postgres"}
    finally:
        own.stop()
        shutil.rmtree(folder)


def test_every_statement_does_what_the_page_says(tables):
    rows, wrong = _rows(), []
    with closing(_session(tables)) as conn:
        major = conn.info.server_version // 10_000
        measured = {row: _within_a_transaction(conn, tables, row) for row in rows}
    for row in rows:
        found = measured[row] or _without_a_moment(_in_a_copy(tables, row))
        if found != row.on(major):
            wrong.append(f"| `{row.sql}` | {' | '.join(', '.join(sorted(c)) or '–' for c in found)} |")
    assert len(rows) >= 80
    assert not wrong, f"measured on PostgreSQL {major}:\n" + "\n".join(wrong)


def _without_a_moment(found):
    """Leave out what DROP INDEX CONCURRENTLY has for a moment at its end, on the index that nobody uses any more."""
    locks, *others = found
    return (frozenset(lock for lock in locks if not lock.endswith("_idx: ACCESS EXCLUSIVE")), *others)


def _session(parameters):
    return psycopg.connect(**parameters, autocommit=True)


def _script(sql: str) -> Script:
    return Script(
        path=Path("x.sql"), label="x.sql", text=sql, checksum="", size_bytes=len(sql), transactional=False
    )


def _within_a_transaction(conn, tables, row):
    measuring = Measuring.begin(
        conn, _script(row.sql), Relations.read(conn), connect=partial(_session, tables)
    )
    (statement,) = statements([row.sql])
    conn.execute("BEGIN")
    try:
        return _found(measuring.among_others(statement, 1, ()))
    except MigrationFailedError as refused:
        if refused.sqlstate != _COMMITS_BY_ITSELF:
            raise
        return None
    finally:
        conn.execute("ROLLBACK")


def _in_a_copy(tables, row):
    with (
        scratch_database({**tables, "dbname": "postgres"}, template=tables["dbname"]) as copy,
        closing(_session(copy)) as session,
    ):
        (trace,) = trace_file(
            session,
            _script(row.sql),
            existing=Relations.read(session),
            connect=partial(_session, copy),
        )
    return _found(trace)


def _found(trace):
    def plain(names):
        return frozenset(name.removeprefix("public.") for name in names)

    locks = frozenset(f"{lock.relation.removeprefix('public.')}: {lock.mode}" for lock in trace.locks)
    return locks, plain(trace.rewritten + trace.emptied), plain(trace.scanned), plain(trace.built)
