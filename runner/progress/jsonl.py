"""Events as JSON lines: one object an event. Names and fields are a contract; fields are added, never changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from runner.events import (
    ERROR,
    INFO,
    WARNING,
    BackupTaken,
    DatabaseOpened,
    Event,
    MaintenanceFinished,
    Notice,
    Over,
    RehearsalsOver,
    Rehearsed,
    RunFinished,
    Running,
    StepDone,
    TaskDone,
    Unseen,
    Waiting,
)
from runner.progress import sightings
from runner.progress.lines import closing, in_order, past, task_state
from runner.progress.sightings import Pace
from runner.report.failure import error_as_json, error_as_text
from runner.report.terminal import Style

if TYPE_CHECKING:
    from runner.errors import RunnerError


_PLAIN = Style()
_STEPS = {"hook": "hook.ran", "rollback": "migration.rolled_back"}


class JsonLines:
    """Writes each event as it comes; what a second connection sees, as often as a log should have it."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._database: str | None = None  # whose turn it is
        self._pace = Pace()

    def __call__(self, event: Event) -> None:
        """Write the line of an event, if it has one."""
        if isinstance(event, DatabaseOpened):
            self._database = event.database
        if isinstance(event, Waiting | Running | Unseen | Over) and not self._pace.is_due(event):
            return
        notice = as_notice(event)
        if notice is not None:
            self._write(line(notice._replace(database=notice.database or self._database)))

    def fail(self, error: RunnerError) -> None:
        """Write the line of an error that ends the command."""
        facts = error_as_json(error)
        facts.pop("message")
        text = error_as_text(error, _PLAIN)
        self._write(
            line(Notice(name="error", message=error.message, level=ERROR, facts={**facts, "text": text}))
        )


def line(notice: Notice, *, now: datetime | None = None) -> str:
    """Return an event as one line; what is not known of it is left out."""
    moment = (now or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    known = {
        "time": moment,
        "level": notice.level,
        "event": notice.name,
        "message": notice.message,
        "database": notice.database,
        "migration": notice.migration,
        "duration_ms": None if notice.elapsed_s is None else round(notice.elapsed_s * 1000),
        **notice.facts,
    }
    return json.dumps({key: value for key, value in known.items() if value is not None}, ensure_ascii=False)


def as_notice(event: Event) -> Notice | None:
    """Return an event with its name, its message and its facts; None for one that no log has."""
    match event:
        case Notice():
            return event
        case DatabaseOpened():
            return Notice(
                name="database.opened",
                message=f"{event.database}: {event.place}",
                database=event.database,
                facts={"place": event.place},
            )
        case StepDone():
            return Notice(
                name=_STEPS.get(event.action, "migration.applied"),
                message=f"{past(event)} {event.id}",
                migration=event.id,
                elapsed_s=event.elapsed_s,
                facts={"path": event.path, "checksum": event.checksum, "rows": event.rows},
            )
        case RunFinished():
            return _run_finished(event)
        case BackupTaken():
            return Notice(
                name="backup.taken",
                message=f"backed up to {event.label}",
                database=event.database,
                elapsed_s=event.elapsed_s,
                facts={
                    "archive": event.label,
                    "size_bytes": event.size_bytes,
                    "sha256": event.sha256,
                    "newest": event.newest,
                    "removed": list(event.removed) or None,
                },
            )
        case TaskDone():
            return Notice(
                name="maintenance.task",
                message=f"{task_state(event)}: {event.kind} {event.subject}",
                level=WARNING if event.state in {"locked", "failed"} else INFO,
                database=event.database,
                elapsed_s=event.elapsed_s,
                facts={
                    "state": event.state,
                    "kind": event.kind,
                    "subject": event.subject,
                    "reason": event.reason,
                    "size_bytes": event.size_bytes,
                    "text": event.message,
                },
            )
        case MaintenanceFinished():
            return Notice(
                name="database.finished",
                message=in_order(event, _PLAIN).strip(),
                database=event.database,
                elapsed_s=event.elapsed_s,
                facts={"tasks": event.tasks},
            )
        case Rehearsed():
            return Notice(
                name="migration.rehearsed",
                message=f"{event.migration}: {event.verdict}",
                migration=event.migration,
                elapsed_s=event.elapsed_s,
                facts={"verdict": event.verdict},
            )
        case Waiting() | Running() | Unseen():
            return sightings.as_notice(event)
        case Over() | RehearsalsOver():
            return None
        case _:
            assert_never(event)


def _run_finished(run: RunFinished) -> Notice:
    compared = run.compared
    return Notice(
        name="database.finished",
        message="; ".join(text.strip() for text in closing(run, _PLAIN)),
        database=run.database,
        elapsed_s=run.elapsed_s,
        facts={
            "steps": len(run.done),
            "planned": None if run.planned is None else [step.id for step in run.planned],
            "pending": run.left,
            "newest": run.newest,
            "valid": None if compared is None or compared.skipped is not None else compared.matches,
        },
    )
