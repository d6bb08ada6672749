"""`runner doctor`: what stands in the way of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runner.events import Emit
from runner.report.parts import heading
from runner.report.terminal import Style
from runner.session.beside import remark
from runner.session.session import Session, open_sessions
from runner.settings import Settings
from runner.upkeep.doctor import Finding, examine, warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One database and what was found."""

    database: str
    place: str
    findings: tuple[Finding, ...]


def examinations(settings: Settings, *, emit: Emit) -> list[Examined]:
    """Examine each database.

    Raises: as connecting does.
    """
    with open_sessions(settings, emit=emit) as sessions:
        return [
            Examined(
                database=session.title,
                place=session.place,
                findings=(
                    *examine(session.history, session.state, session.target),
                    *_beside(session, settings),
                ),
            )
            for session in sessions
        ]


def _beside(session: Session, settings: Settings) -> Iterator[Finding]:
    found = remark(session, settings)
    if found is not None:
        yield warning("history", found.said, f"{found.ways}.")


_LEVEL_COLOURS = {"OK": "green", "WARNING": "yellow", "PROBLEM": "red"}


def text(result: Examined, style: Style) -> Iterator[str]:
    """Yield what was found in one database, each with its remedy."""
    yield heading(result.database, result.place, style)
    for finding in result.findings:
        level = style(finding.level.value.ljust(7), _LEVEL_COLOURS[finding.level.name])
        yield f"  {level}  {finding.subject.ljust(10)}  {finding.message}"
        if finding.remedy:
            yield f"           {style('remedy:', 'cyan')} {finding.remedy}"


def as_json(results: Sequence[Examined]) -> dict[str, Any]:
    """Return what was found."""
    return {
        "databases": [
            {
                "database": result.database,
                "findings": [
                    {
                        "subject": finding.subject,
                        "level": finding.level.value,
                        "message": finding.message,
                        "remedy": finding.remedy,
                    }
                    for finding in result.findings
                ],
            }
            for result in results
        ]
    }
