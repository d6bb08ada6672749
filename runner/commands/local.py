"""Work with the local server, and run other programs on a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NoReturn

from runner.errors import UsageError
from runner.events import Emit
from runner.files.migrations.layout import find_layouts, which_of
from runner.server import connection, local
from runner.server.local import Status
from runner.settings import Settings


def run(settings: Settings, command: Sequence[str], *, on_local: bool, emit: Emit) -> NoReturn:
    """Replace this process by a program that is connected to the database, or to the local server's.

    The local server is started if needed.

    Raises: UsageError; as connecting does.
    """
    locate = local.target if on_local else connection.locate
    target = locate(settings, _one_database(settings), emit=emit)
    programs = local.programs(settings) if target.source == local.SOURCE else None
    connection.run_command(
        command, target, environ=settings.environ, programs=None if programs is None else programs.bin
    )


def url(settings: Settings, *, password: bool, emit: Emit) -> str:
    """Return the local server's URL; start the server if needed."""
    return local.url_of(local.target(settings, _one_database(settings), emit=emit), password=password)


def server(
    settings: Settings, wanted: Literal["started", "stopped", "shown"], *, tcp: bool | None, emit: Emit
) -> Status:
    """Start or stop the local server, or do neither, and return what there is of it."""
    if wanted == "started":
        local.start(settings, tcp=tcp, emit=emit)
    elif wanted == "stopped":
        local.stop(settings, emit=emit)
    return local.status(settings)


def _one_database(settings: Settings) -> str | None:
    """Return the database's name, or None in a project that names none; never guess between two."""
    if not settings.migrations_dirs and not (settings.project / "migrations").is_dir():
        return settings.database
    names = [layout.name or settings.database for layout in find_layouts(settings)]
    if len(names) > 1:
        raise which_of(names, kind=UsageError)
    return names[0]


def text(status: Status) -> str:
    """Return a few aligned lines."""
    rows = [("state", _state(status))]
    if status.version:
        rows.append(("version", f"PostgreSQL {status.version}"))
    if status.server is not None:
        server = status.server
        rows.append(
            ("address", f"socket in {server.host}" if server.by_socket else f"{server.host}:{server.port}")
        )
    rows.append(("folder", str(status.home)))
    if status.version:
        rows.append(("log", str(status.log)))
    return "\n".join(f"{name:<8} {value}" for name, value in rows)


def _state(status: Status) -> str:
    if status.server is not None:
        return f"running (process {status.pid}, as the user {status.server.account})"
    if status.pid is not None:
        return f"starting or stopping (process {status.pid})"
    return (
        "stopped; the next command starts it" if status.version else "not made yet; the next command makes it"
    )


def as_json(status: Status) -> dict[str, Any]:
    """Return one object; `state` is running, starting, stopped or absent."""
    server = status.server
    return {
        "state": "running"
        if server
        else "starting"
        if status.pid
        else "stopped"
        if status.version
        else "absent",
        "pid": status.pid,
        "version": status.version,
        "host": server.host if server else None,
        "port": server.port if server else None,
        "folder": str(status.home),
        "log": str(status.log),
    }
