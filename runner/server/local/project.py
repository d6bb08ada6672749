"""The local server of a project: whether it may be started, and its databases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
from psycopg import errors, sql

from runner import atomic_write
from runner.errors import ConfigurationError
from runner.events import Emit, Notice, silent
from runner.server.credentials import Target
from runner.server.local.account import choose_home, find_home
from runner.server.local.server import LocalServer, Server

if TYPE_CHECKING:
    from runner.server.local.installed import Programs
    from runner.settings import Settings

SOURCE = "the local server"
_CONTAINER_FILES = (Path("/.dockerenv"), Path("/run/.containerenv"))
_YES, _NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What there is of a project's local server."""

    home: Path
    version: str | None  # the data folder's major version; None: it is not made yet
    server: LocalServer | None  # None: it does not run, or takes no connections yet
    pid: int | None
    log: Path


def why_not(settings: Settings) -> str | None:
    """Return why a command may not start the local server by itself; None when it may.

    A local server where somebody meant production is the worst outcome: an empty database is migrated, and
    all is green. So RUNNER_LOCAL=1 allows it and RUNNER_LOCAL=0 forbids it (the product's image sets that),
    and without either it is refused with CI=true and wherever a sign of a container is seen:
    KUBERNETES_SERVICE_HOST, the variable `container`, /.dockerenv, /run/.containerenv. Those signs are seen
    in a developer's container too, and there the project's Makefile says RUNNER_LOCAL=1 outside of CI: the
    image has neither make nor the project. A server that is there already was asked for (`runner local
    start`), so it is used, except with CI=true, where a cache may have brought it.
    """
    environ = settings.environ
    asked = environ.get("RUNNER_LOCAL", "").strip().lower()
    if asked in _YES:
        return None
    if asked in _NO:
        return f"RUNNER_LOCAL={asked} forbids a local server."
    if asked:
        raise ConfigurationError(
            "RUNNER_LOCAL is neither 1 nor 0", hint="Set it to 1 to allow a local server."
        )
    way = "RUNNER_LOCAL=1 or: runner local start"
    if environ.get("CI", "").strip().lower() not in {"", *_NO}:
        return "A local server is not started with CI=true unless RUNNER_LOCAL=1 asks for it."
    if (home := find_home(settings.state_dir)) is not None and Server(home, environ=environ).version():
        return None
    signs = [f"{name} is set" for name in ("KUBERNETES_SERVICE_HOST", "container") if environ.get(name)]
    signs += [f"{path} exists" for path in _CONTAINER_FILES if path.exists()]
    if not signs:
        return None
    return f"This is a container ({signs[0]}), where a local server is started only when asked for: {way}"


def _existing(settings: Settings) -> Server | None:
    home = find_home(settings.state_dir)
    return None if home is None else Server(home, environ=settings.environ)


def start(settings: Settings, *, tcp: bool | None = None, emit: Emit = silent) -> LocalServer:
    """Make the project's server when there is none, and start it when it does not run."""
    server = _existing(settings)
    if server is not None:
        return server.start(tcp=tcp, emit=emit)
    started = Server(choose_home(settings.state_dir), environ=settings.environ).start(tcp=tcp, emit=emit)
    _keep_from_git(settings.state_dir)
    return started


def _keep_from_git(state: Path) -> None:
    """Let git pass over the server and its password in a project that does not know of them."""
    atomic_write.write(state / ".gitignore", "*\n", parents=True)


def stop(settings: Settings, *, emit: Emit = silent) -> bool:
    """Stop the project's server; return whether it ran."""
    server = _existing(settings)
    return server is not None and server.stop(emit=emit)


def status(settings: Settings) -> Status:
    """Look at the project's server and change nothing."""
    server = _existing(settings) or Server(settings.state_dir / "postgres", environ=settings.environ)
    return Status(
        home=server.home,
        version=server.version(),
        server=server.running(),
        pid=server.pid(),
        log=server.log,
    )


def programs(settings: Settings) -> Programs | None:
    """Return the programs that fit the project's server, psql among them; None when it is not made yet."""
    server = _existing(settings)
    return None if server is None else server.programs()


def target(settings: Settings, database: str | None, *, emit: Emit = silent) -> Target:
    """Return a database of the project's server; what is missing of the two is made, started, created."""
    server = start(settings, emit=emit)
    name = database or settings.project_database
    password = None if server.by_socket else server.password
    place = Target(parameters={**server.parameters, "dbname": name}, password=password, source=SOURCE)
    if _create(place):
        emit(Notice(name="database.created", message=f"created the database {name}", database=name))
    return place


def url_of(target: Target, *, password: bool = False) -> str:
    """Return a URL for other programs; the password is in it on request, and where one is needed."""
    words = target.parameters
    secret = f":{quote(target.password.reveal(), safe='')}" if password and target.password else ""
    name = quote(target.name, safe="")
    if words["host"].startswith("/"):
        return f"postgresql://{words['user']}@/{name}?host={quote(words['host'], safe='/')}"
    return f"postgresql://{words['user']}{secret}@{words['host']}:{words['port']}/{name}?sslmode=disable"


def _create(place: Target) -> bool:

    with psycopg.connect(**{**place.conninfo(), "dbname": "postgres"}, autocommit=True) as admin:  # type: ignore[arg-type]
        found = admin.execute(
            "SELECT FROM pg_catalog.pg_database WHERE datname = %s", [place.name]
        ).fetchone()
        if found is not None:
            return False
        try:
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(place.name)))
        except (errors.DuplicateDatabase, errors.UniqueViolation):
            return False  # another process was quicker
    return True
