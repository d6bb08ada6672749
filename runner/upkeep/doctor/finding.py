"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """What a finding means for the next run."""

    OK = "ok"
    WARNING = "warning"  # it would run, but perhaps not well
    PROBLEM = "problem"  # it would fail, or do harm


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, what it is like, and what to do about it."""

    subject: str  # connection, tls, pooler, version, role, settings, sessions, indexes, leftovers
    level: Level
    message: str
    remedy: str | None = None


def ok(subject: str, message: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(subject=subject, level=Level.OK, message=message)


def warning(subject: str, message: str, remedy: str) -> Finding:
    """Return a finding that may do harm."""
    return Finding(subject=subject, level=Level.WARNING, message=message, remedy=remedy)


def problem(subject: str, message: str, remedy: str) -> Finding:
    """Return a finding that stands in the way."""
    return Finding(subject=subject, level=Level.PROBLEM, message=message, remedy=remedy)
