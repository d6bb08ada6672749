"""`runner doctor`: what would stop a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from runner.events import Emit
from runner.report.per_database import PerDatabase
from runner.report.terminal import Style
from runner.session.beside import remark
from runner.session.each import in_each
from runner.session.session import Session
from runner.settings import Settings
from runner.upkeep.doctor import Finding, Level, examine, warning


def examinations(settings: Settings, *, emit: Emit) -> list[PerDatabase[tuple[Finding, ...]]]:
    """Examine each database.

    Raises: as connecting does.
    """

    def look(session: Session) -> tuple[Finding, ...]:
        found = examine(session.history, session.state, session.target)
        return (*found, *_beside(session, settings))

    return in_each(settings, emit, look)


def is_stopped(results: Sequence[PerDatabase[tuple[Finding, ...]]]) -> bool:
    """Return whether a finding would stop a migration."""
    return any(finding.level is Level.PROBLEM for result in results for finding in result.value)


def _beside(session: Session, settings: Settings) -> Iterator[Finding]:
    found = remark(session, settings)
    if found is not None:
        yield warning("history", found.said, f"{found.ways}.")


_LEVEL_COLOURS = {"OK": "green", "WARNING": "yellow", "PROBLEM": "red"}


def text(findings: Sequence[Finding], style: Style) -> Iterator[str]:
    """Yield what was found in one database, each with its remedy."""
    for finding in findings:
        level = style(finding.level.value.ljust(7), _LEVEL_COLOURS[finding.level.name])
        yield f"  {level}  {finding.subject.ljust(10)}  {finding.message}"
        if finding.remedy:
            yield f"           {style('remedy:', 'cyan')} {finding.remedy}"


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what was found in one database."""
    return {
        "findings": [
            {
                "subject": finding.subject,
                "level": finding.level.value,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in findings
        ]
    }
