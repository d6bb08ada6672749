"""One real PostgreSQL for the whole run, an own database for each test.

The server is a local one (`runner.server.local`) in a temporary folder: the first test that needs it starts it,
whichever process that is in, and the end of the run stops it. RUNNER_TEST_URL names another one.

Property tests try the same examples in every run; HYPOTHESIS_PROFILE=long tries many more, new ones each time.
"""

from __future__ import annotations

import os
import shutil
import signal
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import hypothesis
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from pytest_postgresql import factories

from runner.server.local import Server, installed
from runner.server.local.account import account_for
from tests.folders import server_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

# a shell's background job ignores SIGINT, and what it starts would too: the tests send it, as a person's Ctrl-C does
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("short", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("long", max_examples=5_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))

_URL, _FOLDER = "RUNNER_TEST_URL", "RUNNER_TEST_FOLDER"


def _own_server() -> Server:
    return Server(Path(os.environ[_FOLDER]) / "postgres", environ=os.environ, ephemeral=True)


def _have_client_programs(home: Path) -> None:
    """Put the test server's psql, pg_dump and so on last on PATH, where the machine has none.

    Those of the wheel need to be told where their libraries are.
    """
    if shutil.which("psql") is not None:
        return
    account_for(home).own(home.parent)
    home.mkdir(mode=0o755, exist_ok=True)
    programs = installed.find(os.environ, home)
    folder = home.parent / "programs"
    folder.mkdir()
    for path in programs.bin.iterdir():
        if path.name in {"psql", "createdb"} or path.name.startswith(("pg_dump", "pg_restore")):
            libraries = "" if programs.libraries is None else f"LD_LIBRARY_PATH='{programs.libraries}' "
            (folder / path.name).write_text(f"#!/bin/sh\n{libraries}exec '{path}' \"$@\"\n")
            (folder / path.name).chmod(0o755)
    os.environ["PATH"] = f"{os.environ['PATH']}{os.pathsep}{folder}"


def pytest_configure(config: pytest.Config) -> None:
    # xdist's workers inherit the variable and share the server; starting it twice at once is safe
    if _URL not in os.environ and not hasattr(config, "workerinput"):
        os.environ[_FOLDER] = str(server_folder())
        _have_client_programs(Path(os.environ[_FOLDER]) / "postgres")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: a worker that gets such a file last has the others wait for it."""
    longest = ("faults", "deploy", "db")

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        return longest.index(folder) if folder in longest else len(longest)

    items.sort(key=place)


_NOT_IN_THE_WHEEL = "libossp-uuid.so"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skip what the server cannot have: the wheel's uuid-ossp wants a library of the machine's."""
    report = yield
    if report.failed and _NOT_IN_THE_WHEEL in report.longreprtext:
        report.outcome = "skipped"
        reason = f"Skipped: this machine has no {_NOT_IN_THE_WHEEL}, which uuid-ossp needs"
        report.longrepr = (str(item.path), item.location[1] or 0, reason)
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    if _FOLDER in os.environ and not hasattr(config, "workerinput"):
        _own_server().stop()
        shutil.rmtree(os.environ.pop(_FOLDER))


@pytest.fixture(scope="session")
def server() -> dict[str, str]:
    """Connection parameters of the test server's maintenance database, as a superuser."""
    if _URL in os.environ:
        return {key: str(value) for key, value in conninfo_to_dict(os.environ[_URL]).items()}
    started = _own_server().start(tcp=True)
    return {**started.parameters, "password": started.password.reveal(), "dbname": "postgres"}


@contextmanager
def scratch_database(
    server: dict[str, str], *, template: str = "template0", name: str | None = None, encoding: str = "UTF8"
) -> Iterator[dict[str, str]]:
    """Create a database, yield its connection parameters, drop it."""
    name = name or f"test_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(**server, autocommit=True) as admin:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING {}").format(
            sql.Identifier(name), sql.Identifier(template), sql.Literal(encoding)
        )
        admin.execute(statement + sql.SQL("" if encoding == "UTF8" else " LOCALE 'C'"))
    try:
        yield {**server, "dbname": name}
    finally:
        with psycopg.connect(**server, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database(server: dict[str, str]) -> Iterator[dict[str, str]]:
    """Connection parameters of an empty database of this test's own."""
    with scratch_database(server) as parameters:
        yield parameters


@pytest.fixture
def new_database(server: dict[str, str]) -> Iterator[Callable[..., dict[str, str]]]:
    """Make as many databases as the test asks for."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(scratch_database(server, **options))


@pytest.fixture(scope="session")
def test_server(server: dict[str, str]) -> SimpleNamespace:
    """The server in the form that pytest-postgresql's factory asks for."""
    return SimpleNamespace(
        host=server.get("host", "127.0.0.1"),
        port=server.get("port", "5432"),
        user=server.get("user", "postgres"),
        password=server.get("password", ""),
        options="",
        maintenance_dbname=server.get("dbname", "postgres"),
        template_dbname=None,
    )


postgresql_noproc = factories.postgresql_noproc(depends_on="test_server")
postgresql = factories.postgresql("postgresql_noproc")
