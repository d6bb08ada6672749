"""What is told while a command works, beside its result: one value an event, however it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

INFO, WARNING, ERROR = "info", "warning", "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. Names and facts are a contract, docs/observability.md lists them; the message is for people."""

    name: str  # migration.applied
    message: str
    level: str = INFO
    database: str | None = None
    migration: str | None = None
    elapsed_s: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    indent: str = ""  # where the line stands among others, as text

    def __str__(self) -> str:
        return self.message


Say = Callable[[Event], None]
