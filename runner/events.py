"""What is reported while a command runs, besides its result: one value per event, whatever its form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

INFO, WARNING, ERROR = "info", "warning", "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. Names and facts are a contract, listed in docs/observability.md; the message is for people."""

    name: str  # migration.applied
    message: str
    level: str = INFO
    database: str | None = None
    migration: str | None = None
    elapsed_s: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    indent: str = ""  # of its line, as text

    def __str__(self) -> str:
        return self.message


Say = Callable[[Event], None]
