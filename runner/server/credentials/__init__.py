"""Find the database's address and our credentials."""

from __future__ import annotations

from runner.server.credentials.sources import resolve
from runner.server.credentials.target import Target

__all__ = ["Target", "resolve"]
