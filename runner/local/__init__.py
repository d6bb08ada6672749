"""The PostgreSQL behind a bare `make migrate`: found or unpacked, made, started when needed, left running."""

from __future__ import annotations

from runner.local.project import Status, start, status, stop, target, why_not
from runner.local.server import LocalServer, Server

__all__ = ["LocalServer", "Server", "Status", "start", "status", "stop", "target", "why_not"]
