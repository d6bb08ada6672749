"""Events as JSON lines: one object an event. Names and fields are a contract; fields are added, never changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

from runner.events import ERROR, WARNING, Event, Say
from runner.report.failure import error_as_json, error_as_text
from runner.report.terminal import Style

if TYPE_CHECKING:
    from runner.engine.history.model import LockHolder, YoyoLock
    from runner.errors import RunnerError
    from runner.server.watch import Sighting


def line(event: Event, *, now: datetime | None = None) -> str:
    """Return an event as one line; what is not known of it is left out."""
    moment = (now or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    known = {
        "time": moment,
        "level": event.level,
        "event": event.name,
        "message": event.message,
        "database": event.database,
        "migration": event.migration,
        "duration_ms": None if event.elapsed_s is None else round(event.elapsed_s * 1000),
        **event.facts,
    }
    return json.dumps({key: value for key, value in known.items() if value is not None}, ensure_ascii=False)


def failure(error: RunnerError) -> Event:
    """Return the event of an error that ends the command."""
    facts = error_as_json(error)
    facts.pop("message")
    return Event(
        name="error",
        message=error.message,
        level=ERROR,
        facts={**facts, "text": error_as_text(error, Style())},
    )


def opened(name: str, place: str) -> Event:
    """Return the event of a database's beginning."""
    return Event(name="database.opened", message=f"{name}: {place}", database=name, facts={"place": place})


def waiting(holder: LockHolder | YoyoLock | None, waited_s: float, database: str | None) -> Event:
    """Return the event of a wait for the migration lock, or yoyo's."""
    from runner.engine.history.model import LockHolder, YoyoLock
    from runner.report import people

    facts: dict[str, Any] = {}
    if isinstance(holder, LockHolder):
        facts = {
            "pid": holder.pid,
            "application": holder.application,
            "user": holder.user,
            "client": holder.client,
        }
    elif isinstance(holder, YoyoLock):
        facts = {"yoyo_pid": holder.pid}
    return Event(
        name="lock.waiting",
        message=people.waiting(holder, waited_s),
        level=WARNING,
        database=database,
        elapsed_s=waited_s,
        facts=facts,
    )


class Sightings:
    """What a second connection sees of a statement that takes long, as often as `Lines` would say it."""

    def __init__(self, tell: Say, *, clock: Callable[[], float] = monotonic) -> None:
        from runner.report.live import Pace

        self._tell = tell
        self._pace = Pace(clock)

    def show(self, sighting: Sighting, database: str | None) -> None:
        """Tell what is due."""
        from runner.server.watch import Over

        if isinstance(sighting, Over):
            self._pace.forget(sighting)
        elif self._pace.is_due(sighting):
            self._tell(sighted(sighting, database))


def sighted(sighting: Any, database: str | None) -> Event:
    """Return the event of one sighting."""
    from runner.report.sightings import blockers, head, progress_words
    from runner.server.watch import Running, Waiting

    plain = Style()
    lines = head(sighting, plain)
    facts: dict[str, Any] = {}
    if isinstance(sighting, Waiting):
        lines += blockers(sighting, plain)
        name, elapsed_s = "statement.waiting", sighting.waited_s
        facts = {
            "lock": sighting.kind,
            "mode": sighting.mode,
            "wanted": sighting.wanted,
            "queued_behind": sighting.queued_behind,
            "holders": [
                {
                    "pid": holder.pid,
                    "prepared": holder.prepared,
                    "user": holder.user,
                    "application": holder.application,
                    "state": holder.state,
                    "transaction_age_s": holder.transaction_age_s,
                    "statement": holder.statement,
                }
                for holder in sighting.holders
            ],
        }
    elif isinstance(sighting, Running):
        name, elapsed_s = "statement.running", sighting.elapsed_s
        if sighting.progress is not None:
            lines.append(progress_words(sighting.progress))
            facts = {
                "command": sighting.progress.command,
                "relation": sighting.progress.relation,
                "phase": sighting.progress.phase,
                "percent": sighting.progress.percent,
            }
    else:
        name, elapsed_s, facts = "statement.unseen", sighting.elapsed_s, {"reason": sighting.reason}
    return Event(
        name=name,
        message="; ".join(" ".join(part.split()) for part in lines),
        level=WARNING if isinstance(sighting, Waiting) else "info",
        database=database,
        migration=sighting.what,
        elapsed_s=elapsed_s,
        facts=facts,
    )
