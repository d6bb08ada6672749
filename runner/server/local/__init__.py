"""The PostgreSQL behind a bare `make migrate`: found or unpacked, made, started when needed, left running."""

from __future__ import annotations

from runner.server.local.project import (
    SOURCE,
    Status,
    programs,
    start,
    status,
    stop,
    target,
    url_of,
    why_not,
)
from runner.server.local.server import LocalServer, Server, temporary_folder

__all__ = [
    "SOURCE",
    "LocalServer",
    "Server",
    "Status",
    "programs",
    "start",
    "status",
    "stop",
    "target",
    "temporary_folder",
    "url_of",
    "why_not",
]
