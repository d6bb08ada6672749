"""The two shipped databases on a real server: built once from the files, cloned for each test."""

from __future__ import annotations

import os
import sys
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from yoyo import read_migrations
from yoyo.migrations import topological_sort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]
Parameters = dict[str, str]
Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A versioned or function file and its undo."""

    id: str
    path: Path
    sql: str
    rollback: str


def files(name: str, root: Path = ROOT) -> list[File]:
    """The files of a database in the order in which yoyo applies them."""
    sources = [
        str(root / folder) for folder in ("sql/functions", f"sql/functions/{name}", f"migrations/{name}")
    ]
    return [
        File(
            id=migration.id,
            path=path,
            sql=path.read_text(encoding="utf-8"),
            rollback=path.with_suffix(".rollback.sql").read_text(encoding="utf-8"),
        )
        for migration in topological_sort(read_migrations(*sources))
        for path in [Path(migration.path)]
    ]


def run_sql(connection: Connection, text: str) -> None:
    """Run a whole file in one transaction, as the runner does, with no parameters and so no placeholders."""
    with connection.transaction():
        connection.execute(text.encode())


def build_database(
    parameters: Parameters, name: str, *, root: Path = ROOT, through: str | None = None
) -> None:
    """Apply the files of a database up to and including the id `through`; all of them without it."""
    with psycopg.connect(**parameters, autocommit=True) as connection:
        for file in files(name, root):
            run_sql(connection, file.sql)
            if file.id == through:
                return


@contextmanager
def scratch(
    server: Parameters, *, template: str = "template0", owner: str | None = None
) -> Iterator[Parameters]:
    """Create a database, yield its connection parameters, drop it."""
    name = f"test_databases_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(**server, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.Identifier(owner or admin.info.user)
            )
        )
    try:
        yield {**server, "dbname": name}
    finally:
        with psycopg.connect(**server, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def templates(server: Parameters) -> Iterator[Callable[[str], str]]:
    """The name of a database built from the files, made when first asked for and never connected to again."""
    with ExitStack() as stack:
        made: dict[str, str] = {}

        def template(name: str) -> str:
            if name not in made:
                parameters = stack.enter_context(scratch(server))
                build_database(parameters, name)
                made[name] = parameters["dbname"]
            return made[name]

        yield template


@pytest.fixture
def make_database(server: Parameters, templates: Callable[[str], str]) -> Iterator[Callable[..., Parameters]]:
    """Make a clone of `api_server` or `carthub`, or an empty database; as many as the test asks for."""
    with ExitStack() as stack:

        def make(name: str | None = None, *, owner: str | None = None) -> Parameters:
            template = templates(name) if name else "template0"
            return stack.enter_context(scratch(server, template=template, owner=owner))

        yield make


@pytest.fixture(scope="session")
def shared(server: Parameters, templates: Callable[[str], str]) -> Iterator[Callable[..., Parameters]]:
    """One clone of a database for all tests that leave nothing behind; another for each other `purpose`."""
    with ExitStack() as stack:
        made: dict[tuple[str, str], Parameters] = {}

        def clone(name: str, purpose: str = "undone") -> Parameters:
            if (name, purpose) not in made:
                made[name, purpose] = stack.enter_context(scratch(server, template=templates(name)))
            return made[name, purpose]

        yield clone


@contextmanager
def undone(parameters: Parameters) -> Iterator[Connection]:
    with psycopg.connect(**parameters) as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
def api_server(shared: Callable[..., Parameters]) -> Iterator[Connection]:
    """A superuser's transaction in api_server, rolled back after the test."""
    with undone(shared("api_server")) as connection:
        yield connection


@pytest.fixture
def carthub(shared: Callable[..., Parameters]) -> Iterator[Connection]:
    """A superuser's transaction in carthub, rolled back after the test."""
    with undone(shared("carthub")) as connection:
        yield connection


@pytest.fixture
def build() -> Callable[..., None]:
    return build_database


@pytest.fixture
def database_files() -> Callable[..., list[File]]:
    return files


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def catalogue() -> Callable[[Connection], list[str]]:
    """Everything in a database that the files make, one line an object; the tables of histories stay out."""
    query = (Path(__file__).parent / "catalogue.sql").read_text(encoding="utf-8")

    def read(connection: Connection) -> list[str]:
        return [str(line) for (line,) in connection.execute(query).fetchall()]

    return read


@pytest.fixture
def new_user() -> Callable[..., str]:
    """Insert a user into api_server and return the id; keyword arguments are column values."""

    def insert(connection: Connection, **values: object) -> str:
        row = {
            "email": f"{uuid.uuid4().hex}@example.com",
            "password": "x",
            "first_name": "A",
            "last_name": "B",
        } | values
        return insert_row(connection, "users", row)

    return insert


def insert_row(connection: Connection, table: str, row: dict[str, object]) -> str:
    query = sql.SQL("INSERT INTO public.{} ({}) VALUES ({}) RETURNING id").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )
    [inserted] = connection.execute(query, list(row.values())).fetchall()
    return str(inserted[0])


@pytest.fixture
def insert() -> Callable[..., str]:
    """Insert a row given as a table's name and a dict, and return its id."""
    return insert_row


@pytest.fixture
def own_role(server: Parameters, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A name in the place of api_server_user, and a copy of the files that uses it.

    Roles belong to the cluster, which the tests share: whether the role is there, and whether anything
    depends on it, can be arranged only for a name that no other test knows.
    """
    role = f"test_role_{uuid.uuid4().hex[:12]}"
    for folder in ("sql/functions", "sql/functions/api_server", "migrations/api_server"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for path in (ROOT / folder).glob("*.sql"):
            text = path.read_text(encoding="utf-8").replace("api_server_user", role)
            (tmp_path / folder / path.name).write_text(text, encoding="utf-8")
    yield role, tmp_path
    with psycopg.connect(**server, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


@pytest.fixture
def other_role(server: Parameters) -> Iterator[Callable[[str], str]]:
    """Make a role with the given attributes; it is dropped after the databases of the test."""
    made: list[str] = []
    with psycopg.connect(**server, autocommit=True) as admin:

        def make(attributes: str) -> str:
            name = f"test_role_{uuid.uuid4().hex[:12]}"
            admin.execute(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(name), sql.SQL(attributes)))
            made.append(name)
            return name

        yield make
        for name in reversed(made):
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


@pytest.fixture
def yoyo_command() -> str:
    return os.fspath(Path(sys.executable).with_name("yoyo"))
