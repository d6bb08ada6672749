"""`runner doctor`: what would stop a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runner.events import Say
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


def examinations(settings: Settings, *, say: Say) -> list[Examined]:
    """Examine each database.

    Raises: as connecting does.
    """
    with open_sessions(settings, say=say) as sessions:
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
