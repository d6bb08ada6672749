"""The two shipped databases on a real server: migrated once by the runner, cloned for each test."""

from __future__ import annotations

import os
import signal
import sys
import uuid
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from runner import settings
from runner.cli import main
from runner.commands.migrate import MigrateOptions, migrate
from runner.engine.history.order import in_order
from runner.events import silent
from runner.session.session import read_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.files.migrations.migration import Migration
    from runner.settings import Settings

ROOT = Path(__file__).parents[3]
Parameters = dict[str, str]
Connection = psycopg.Connection[tuple[object, ...]]


def settings_for(name: str, parameters: Parameters | None = None, root: Path = ROOT) -> Settings:
    """The settings of a run on one database of the project, with nothing from this machine's environment."""
    url = None if parameters is None else make_conninfo(**parameters)
    environ = {"RUNNER_LOCAL": "0", "RUNNER_ACTOR": "tests", "RUNNER_GIT_COMMIT": "0" * 40}
    return settings.load(environ=environ, project=root, flags={"database": name, "url": url})


def files(name: str, root: Path = ROOT) -> list[Migration]:
    """The files of a database in the order in which they are applied."""
    [(_, found)] = read_files(settings_for(name, root=root))
    return in_order(found)


def build_database(
    parameters: Parameters, name: str, *, root: Path = ROOT, through: str | None = None
) -> None:
    """Migrate a database up to and including the id `through`; without it to the end, validated."""
    [outcome] = migrate(settings_for(name, parameters, root), MigrateOptions(to=through), silent)
    assert outcome.validation is not None
    assert outcome.validation.matches is (through is None)


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
def database_files() -> Callable[..., list[Migration]]:
    return files


@pytest.fixture
def database_settings() -> Callable[..., Settings]:
    return settings_for


@pytest.fixture
def root() -> Path:
    return ROOT


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
    for folder in ("sql/functions", "sql/functions/api_server", "sql/schema", "migrations/api_server"):
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
            # the server's own password, so that only the user differs in its connection parameters
            admin.execute(
                sql.SQL("CREATE ROLE {} {} PASSWORD {}").format(
                    sql.Identifier(name), sql.SQL(attributes), sql.Literal(server.get("password"))
                )
            )
            made.append(name)
            return name

        yield make
        for name in reversed(made):
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


@pytest.fixture
def history_rights() -> Callable[[Connection, str], list[str]]:
    """The tables and sequences of the migration history on which a role has any right."""
    query = """
        SELECT c.relname
        FROM pg_class AS c
        WHERE
            c.relkind IN ('r', 'S') AND c.relname ~ '^_?(yoyo|runner)_'
            AND CASE c.relkind
                WHEN 'S' THEN has_sequence_privilege(%(role)s, c.oid, 'USAGE, SELECT, UPDATE')
                ELSE has_table_privilege(
                    %(role)s, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'
                )
            END
    """

    def held(connection: Connection, role: str) -> list[str]:
        me = [name for (name,) in connection.execute("SELECT current_user").fetchall()]
        assert len(rights(connection, str(me[0]))) > 5
        return rights(connection, role)

    def rights(connection: Connection, role: str) -> list[str]:
        return [str(name) for (name,) in connection.execute(query.encode(), {"role": role}).fetchall()]

    return held


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


@contextmanager
def signals_kept() -> Iterator[None]:
    """Put back what a signal does to this process, which the program takes for its own."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@pytest.fixture
def runner(server: Parameters) -> Callable[..., Finished]:
    """Run a command line on a database, without a process of its own; scratch databases are the server's."""

    def run(parameters: Parameters, *arguments: str, root: Path = ROOT) -> Finished:
        out, err = StringIO(), StringIO()
        environ = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": make_conninfo(**parameters),
            "RUNNER_SCRATCH_URL": make_conninfo(**server),
            "RUNNER_LOCAL": "0",
            "RUNNER_GIT_COMMIT": "0" * 40,
        }
        with (
            mock.patch.dict(os.environ, environ, clear=True),
            mock.patch.object(sys, "argv", ["runner", "--project", str(root), *arguments]),
            redirect_stdout(out),
            redirect_stderr(err),
            signals_kept(),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        return Finished(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    return run
