"""The findings of doctor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How a finding affects the next run."""

    OK = "ok"
    WARNING = "warning"  # it would run, perhaps with trouble
    PROBLEM = "problem"  # it would fail, or do harm


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was checked, its state, and what to do about it."""

    subject: str  # connection, tls, pooler, version, role, settings, sessions, indexes, leftovers
    level: Level
    message: str
    remedy: str | None = None


def ok(subject: str, message: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(subject=subject, level=Level.OK, message=message)


def warning(subject: str, message: str, remedy: str) -> Finding:
    """Return a finding that may do harm."""
    return Finding(subject=subject, level=Level.WARNING, message=message, remedy=remedy)


def problem(subject: str, message: str, remedy: str) -> Finding:
    """Return a finding that would stop a migration."""
    return Finding(subject=subject, level=Level.PROBLEM, message=message, remedy=remedy)
