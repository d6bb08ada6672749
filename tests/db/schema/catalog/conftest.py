"""A database that holds every kind of object, on the test server and on each of RUNNER_TEST_URLS.

RUNNER_TEST_URLS lists connection strings of further servers, separated by ";": one of each major version, and
the tests show that the catalogue reads the same from all of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.dumps import pg_dump_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Parameters = dict[str, str]
HERE = Path(__file__).parent
OTHER_SERVERS = [url.strip() for url in os.environ.get("RUNNER_TEST_URLS", "").split(";") if url.strip()]
ROLES = {"catalog_reader": "", "catalog_writer": "", "catalog_superuser": "SUPERUSER"}


def make_roles(server: Parameters) -> None:
    """Make the roles once and let them stay: they belong to the whole server, and others may race for it."""
    with psycopg.connect(**server, autocommit=True) as admin:
        for role, right in ROLES.items():
            try:
                admin.execute(
                    sql.SQL("CREATE ROLE {} NOLOGIN {}").format(sql.Identifier(role), sql.SQL(right))
                )
            except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
                continue


@contextmanager
def empty_database(server: Parameters) -> Iterator[Parameters]:
    name = f"test_catalog_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(**server, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
        )
    try:
        yield {**server, "dbname": name}
    finally:
        with psycopg.connect(**server, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def run(parameters: Parameters, text: str) -> None:
    """Run SQL as one message."""
    with psycopg.connect(**parameters, autocommit=True) as conn:
        conn.execute(text.encode())


def make_tablespace(server: Parameters) -> None:
    """Make a tablespace once and let it stay: it belongs to the whole server, and others may race for it."""
    with psycopg.connect(**server, autocommit=True) as admin:
        admin.execute("SET allow_in_place_tablespaces = on")
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            admin.execute("CREATE TABLESPACE catalog_space LOCATION ''")


@pytest.fixture(scope="session", params=["the test server", *OTHER_SERVERS])
def any_server(request: pytest.FixtureRequest, server: Parameters) -> Parameters:
    """Connection parameters of each server in turn."""
    other = {} if request.param == "the test server" else conninfo_to_dict(request.param)
    parameters = {key: str(value) for key, value in other.items()} or server
    make_roles(parameters)
    return parameters


@pytest.fixture(scope="module")
def everything(any_server: Parameters) -> Iterator[Parameters]:
    """A database with every kind of object."""
    with empty_database(any_server) as parameters:
        run(parameters, (HERE / "everything.sql").read_text(encoding="utf-8"))
        yield parameters


@pytest.fixture
def empty(any_server: Parameters) -> Iterator[Callable[[], Parameters]]:
    """Make empty databases on the server at hand."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(empty_database(any_server))


@pytest.fixture
def psql() -> Callable[[Parameters, str], None]:
    """Run a text with psql, stopping at the first error."""
    program = shutil.which("psql")
    if program is None:
        pytest.skip("psql is not installed")

    def load(parameters: Parameters, text: str) -> None:
        names = {
            "host": "PGHOST",
            "port": "PGPORT",
            "user": "PGUSER",
            "password": "PGPASSWORD",
            "dbname": "PGDATABASE",
        }
        environ = {variable: parameters[key] for key, variable in names.items() if key in parameters}
        done = subprocess.run(
            [program, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"],
            input=text.encode(),
            capture_output=True,
            env={**os.environ, **environ},
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()

    return load


@pytest.fixture(scope="session")
def pg_dump(any_server: Parameters, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Parameters], str]:
    """Return pg_dump's schema of a database; nothing where no pg_dump fits the server."""
    return pg_dump_for(any_server, tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def dump(pg_dump: Callable[[Parameters], str]) -> Callable[[Parameters], list[str]]:
    """Return the lines of pg_dump's schema, sorted."""

    def lines(parameters: Parameters) -> list[str]:
        text = pg_dump(parameters)
        return sorted(line for line in text.splitlines() if line and not line.startswith(("--", "\\")))

    return lines
