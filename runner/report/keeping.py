"""Backups, restores and maintenance, as people and programs read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.events import INFO, WARNING, Event
from runner.report.people import ID_WIDTH, heading
from runner.report.terminal import Style
from runner.upkeep.maintenance import State
from runner.wording import counted, duration, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.commands.backup import BackedUp
    from runner.commands.maintenance import Maintained
    from runner.commands.restore import Restored
    from runner.upkeep.maintenance import Result

_STATES = {
    State.DONE: ("done", "green"),
    State.PLANNED: ("would", "yellow"),
    State.SKIPPED: ("skipped", "dim"),
    State.LOCKED: ("locked", "yellow"),
    State.FAILED: ("failed", "red"),
}


def backed_up(result: BackedUp, style: Style) -> Iterator[str]:
    """Yield one database's new backup, and what was removed."""
    manifest = result.manifest
    yield heading(result.database, result.place, style)
    kind = "schema only" if manifest.schema_only else "schema and data"
    yield (
        f"  {style('backed up'.ljust(11), 'green')}  {result.label}"
        f"  {style(f'{size(manifest.size_bytes)}, {duration(result.elapsed_s)}', 'dim')}"
    )
    yield (
        f"  {kind}, {counted(len(manifest.facts.migrations), 'migration')}"
        f"{'' if manifest.facts.newest is None else f', at {manifest.facts.newest}'}; read back whole"
    )
    for name in result.removed:
        yield f"  {style('removed'.ljust(11), 'yellow')}  {name}"


def backup_event(result: BackedUp) -> Event:
    """Return the event of a backup."""
    manifest = result.manifest
    return Event(
        name="backup.taken",
        message=f"backed up to {result.label}",
        database=result.database,
        elapsed_s=result.elapsed_s,
        facts={
            "archive": result.label,
            "size_bytes": manifest.size_bytes,
            "sha256": manifest.sha256,
            "newest": manifest.facts.newest,
            "removed": list(result.removed) or None,
        },
    )


def restored_event(result: Restored) -> Event:
    """Return the event of a restore."""
    place = f"{result.into}, which is {result.database} now" if result.switched else result.into
    return Event(
        name="restore.done",
        message=f"restored {result.archive.label} into {place}"
        if result.filled
        else f"an earlier run had restored {result.archive.label} into {place}",
        database=result.database,
        elapsed_s=result.elapsed_s,
        facts={
            "archive": result.archive.label,
            "into": result.into,
            "filled": result.filled,
            "validated": result.validated,
            "switched": result.switched,
            "kept_as": result.kept_as,
        },
    )


def task_event(result: Result, database: str) -> Event:
    """Return the event of one task of maintenance."""
    task = result.task
    return Event(
        name="maintenance.task",
        message=f"{_STATES[result.state][0]}: {task.kind.value} {task.subject}",
        level=WARNING if result.state in {State.LOCKED, State.FAILED} else INFO,
        database=database,
        elapsed_s=result.elapsed_s,
        facts={
            "state": result.state.value,
            "kind": task.kind.value,
            "subject": task.subject,
            "reason": task.reason,
            "size_bytes": task.size_bytes,
            "text": result.message,
        },
    )


def maintained_event(result: Maintained, *, dry_run: bool) -> Event:
    """Return the event of one database's end."""
    return Event(
        name="database.finished",
        message=maintained(result, Style(), dry_run=dry_run).strip(),
        database=result.database,
        elapsed_s=result.elapsed_s,
        facts={"tasks": len(result.results)},
    )


def restored(result: Restored, style: Style) -> Iterator[str]:
    """Yield what became of a restore."""
    manifest = result.archive.manifest
    yield heading(result.database, f"{result.into} on {result.place}", style)
    facts = (
        f"{size(manifest.size_bytes)}, {duration(result.elapsed_s)}" if result.filled else "by an earlier run"
    )
    yield f"  {style('restored'.ljust(11), 'green')}  {result.archive.label}  {style(facts, 'dim')}"
    yield (
        f"  catalog and history are as they were dumped on {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC"
        if result.validated
        else "  not compared with what was dumped"
    )
    if result.switched:
        yield f"  {style('switched'.ljust(11), 'green')}  {result.into} is {result.database} now" + (
            "" if result.kept_as is None else f"; the old one is {result.kept_as}"
        )


def maintenance_line(result: Result, style: Style) -> str:
    """Return the line of one task."""
    word, colour = _STATES[result.state]
    task = result.task
    facts = [task.reason, *([] if task.size_bytes is None else [size(task.size_bytes)])]
    if result.message:
        facts.append(result.message)
    if result.state is State.DONE:
        facts.append(duration(result.elapsed_s))
    return f"  {style(word.ljust(8), colour)}  {f'{task.kind.value} {task.subject}'.ljust(ID_WIDTH)}  {style('; '.join(facts), 'dim')}"


def maintained(result: Maintained, style: Style, *, dry_run: bool) -> str:
    """Return the closing line of one database."""
    done = sum(each.state in {State.DONE, State.PLANNED} for each in result.results)
    if not result.results:
        return f"  {style('in order', 'green')}, nothing to do"
    return f"  {counted(done, 'task')} {'to do' if dry_run else f'done in {duration(result.elapsed_s)}'}"


def maintenance_as_json(results: Sequence[Maintained], *, dry_run: bool) -> dict[str, Any]:
    """Return what was done, or would be."""
    return {
        "dry_run": dry_run,
        "databases": [
            {
                "database": result.database,
                "tasks": [task_as_json(each) for each in result.results],
                "duration_ms": round(result.elapsed_s * 1000),
            }
            for result in results
        ],
    }


def task_as_json(result: Result) -> dict[str, Any]:
    """Return one task."""
    return {
        "kind": result.task.kind.value,
        "subject": result.task.subject,
        "state": result.state.value,
        "reason": result.task.reason,
        "message": result.message,
        "sql": result.task.statement,
        "size_bytes": result.task.size_bytes,
        "duration_ms": round(result.elapsed_s * 1000),
    }


def backups_as_json(results: Sequence[BackedUp]) -> dict[str, Any]:
    """Return the new backups."""
    return {"databases": [backup_as_json(result) for result in results]}


def backup_as_json(result: BackedUp) -> dict[str, Any]:
    """Return one new backup."""
    manifest = result.manifest
    return {
        "database": result.database,
        "archive": result.label,
        "taken_at": manifest.taken_at.isoformat(),
        "schema_only": manifest.schema_only,
        "size_bytes": manifest.size_bytes,
        "sha256": manifest.sha256,
        "newest_migration": manifest.facts.newest,
        "removed": list(result.removed),
        "duration_ms": round(result.elapsed_s * 1000),
    }


def restored_as_json(result: Restored) -> dict[str, Any]:
    """Return what became of a restore."""
    return {
        "database": result.database,
        "archive": result.archive.label,
        "taken_at": result.archive.manifest.taken_at.isoformat(),
        "into": result.into,
        "filled": result.filled,
        "validated": result.validated,
        "switched": result.switched,
        "kept_as": result.kept_as,
        "duration_ms": round(result.elapsed_s * 1000),
    }
