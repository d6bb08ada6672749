"""The local server, as people and programs read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.server.local import Status


def local_as_text(status: Status) -> str:
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


def local_as_json(status: Status) -> str:
    """Return one object; `state` is running, starting, stopped or absent."""
    state = (
        "running"
        if status.server
        else "starting"
        if status.pid
        else "stopped"
        if status.version
        else "absent"
    )
    value = {
        "state": state,
        "pid": status.pid,
        "version": status.version,
        "host": status.server.host if status.server else None,
        "port": status.server.port if status.server else None,
        "folder": str(status.home),
        "log": str(status.log),
    }
    return json.dumps(value, ensure_ascii=False, indent=2)
