"""One real PostgreSQL for the whole run, an own database for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict


@pytest.fixture(scope="session")
def server() -> dict[str, str]:
    """Connection parameters of the test server's maintenance database, as a superuser."""
    return {key: str(value) for key, value in conninfo_to_dict(os.environ["RUNNER_TEST_URL"]).items()}


@contextmanager
def scratch_database(server: dict[str, str], *, template: str = "template0", name: str | None = None) -> Iterator[dict[str, str]]:
    """Create a database, yield its connection parameters, drop it."""
    name = name or f"test_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(**server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(sql.Identifier(name), sql.Identifier(template)))
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
