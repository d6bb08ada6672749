"""The local server, as people and programs read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.server.local import Status


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
