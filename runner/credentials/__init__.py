"""Where the database is and who we are."""

from __future__ import annotations

from runner.credentials.sources import resolve
from runner.credentials.target import Target

__all__ = ["Target", "resolve"]
