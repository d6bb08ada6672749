"""Keep each database in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from runner.engine.history.names import MAINTENANCE_KEY
from runner.engine.history.state import State
from runner.errors import BusyError, FileError, Location, RunnerError, StoppedError
from runner.events import DatabaseOpened, Emit, Event, MaintenanceFinished, TaskDone
from runner.files.migrations.layout import Layout
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.tokens import SqlSyntaxError
from runner.limits import Limits
from runner.session.each import Failures
from runner.session.session import Session, open_session, read_files
from runner.settings import Settings
from runner.upkeep.maintenance import Courtesy, Kind, Maintenance, Task, Thresholds
from runner.upkeep.maintenance import State as TaskState
from runner.wording import counted

FOLDER = Path("sql/maintenance")
_LONGEST_STATEMENT_MS = 1_800_000
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceOptions:
    """What `maintenance` was asked for."""

    dry_run: bool = False
    bloat_percent: int
    bloat_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintained:
    """What was done to one database."""

    database: str
    tasks: tuple[TaskDone, ...]
    elapsed_s: float

    def finished(self, *, dry_run: bool) -> MaintenanceFinished:
        """Return the event of its end."""
        return MaintenanceFinished(
            database=self.database,
            tasks=len(self.tasks),
            effective=sum(each.state in {TaskState.DONE, TaskState.PLANNED} for each in self.tasks),
            dry_run=dry_run,
            elapsed_s=self.elapsed_s,
        )


def maintain(settings: Settings, options: MaintenanceOptions, emit: Emit) -> list[Maintained]:
    """Clean up, vacuum, analyze and rebuild indexes in each database in turn, as far as it is needed and allowed.

    It holds the migration lock, so it never works beside a migration, and gives way to a run that waits for it.
    A database that cannot be worked on keeps no other from it.

    Raises: BusyError if a migration or another maintenance is running, if it gave way, or if another session held
    a lock on a table; RunnerError when a task failed; as connecting does; after all others were done.
    """
    limits = settings.limits
    if limits.statement_timeout_ms == 0:
        limits = replace(limits, statement_timeout_ms=_LONGEST_STATEMENT_MS)
    results, failures = [], Failures()
    found = [(layout, files, _clean_up(settings, layout)) for layout, files in read_files(settings)]
    for layout, files, clean_up in found:
        with (
            failures.of(layout.title),
            open_session(settings, layout, files, only=len(found) == 1, emit=emit) as session,
        ):
            emit(DatabaseOpened(database=session.title, place=session.place))
            results.append(_maintain_one(session, clean_up, limits, options, emit))
            emit(results[-1].finished(dry_run=options.dry_run))
            _require_success(results[-1])
    failures.check()
    return results


def _maintain_one(
    session: Session,
    clean_up: tuple[Task, ...],
    limits: Limits,
    options: MaintenanceOptions,
    emit: Emit,
) -> Maintained:
    started = monotonic()

    def work(state: State) -> Maintenance:
        return Maintenance(
            database=session.title,
            connection=session.connection,
            limits=limits,
            thresholds=Thresholds(bloat_percent=options.bloat_percent, bloat_bytes=options.bloat_bytes),
            clean_up=clean_up,
            unfinished=bool(state.partial),
            emit=emit,
        )

    if options.dry_run:
        results = work(session.state).plan()
    else:
        session.history.require_primary()
        with _alone(session) as state, closing(session.connect_watch()) as watching:
            results = _run(session, work(state), watching)
    return Maintained(database=session.title, tasks=tuple(results), elapsed_s=monotonic() - started)


def _run(session: Session, work: Maintenance, watching: object) -> list[TaskDone]:
    with Courtesy(session.connection, watching) as courtesy:  # type: ignore[arg-type]
        try:
            return work.run(courtesy)
        except KeyboardInterrupt as stop:
            detail = (
                "What was reported before is done. A REINDEX that was under way leaves an invalid index, "
                "which the next run drops."
            )
            raise StoppedError.by(stop, during=f"the maintenance of {session.title}", detail=detail) from stop


@contextmanager
def _alone(session: Session) -> Iterator[State]:
    """Hold the lock of maintenance and the migration lock, neither of which is waited for."""
    conn = session.connection
    conn.execute("SET application_name = 'runner maintenance'")
    row = conn.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", [MAINTENANCE_KEY]).fetchone()
    if row is None or not row[0]:
        raise BusyError(
            f"another maintenance of {session.title} is running",
            detail="Nothing was begun.",
            hint="Run the same command again when it has finished.",
        )
    with session.history.lock(wait_s=0) as state:
        yield session.history.wait_for_yoyo(state, wait_s=0)


def _clean_up(settings: Settings, layout: Layout) -> tuple[Task, ...]:
    """Read the statements of sql/maintenance/<database>.sql, which are run one by one, each on its own."""
    path = settings.project / FOLDER / f"{layout.title}.sql"
    label = settings.label(path)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"cannot read the file: {error}", where=Location(label)) from error
    try:
        found = list(statements([text]))
    except SqlSyntaxError as error:
        raise FileError(
            str(error), where=Location(label), hint="Correct the file; nothing was run."
        ) from error
    return tuple(
        Task(kind=Kind.CLEAN_UP, subject=_title(each.text), statement=each.text, reason=label)
        for each in found
    )


def _title(statement: str) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= 60 else line[:59] + "…"


def _require_success(done: Maintained) -> None:
    """Raise for what could not be done."""
    failed = [each for each in done.tasks if each.state == TaskState.FAILED]
    locked = [each for each in done.tasks if each.state == TaskState.LOCKED]
    kind, met = (RunnerError, failed) if failed else (BusyError, locked)
    if not met:
        return
    lines = [f"{each.kind} {each.subject}: {each.message}" for each in met[:_SHOWN]]
    lines += [f"… and {len(met) - _SHOWN} more"] if met[_SHOWN:] else []
    raise kind(
        f"{counted(len(met), 'task')} of maintenance {'failed' if failed else 'met a lock'}",
        detail="\n".join(
            [*lines, "Each stands alone: what it had not done is as before, and the others are done."]
        ),
        hint="Correct what the server names; then run it again."
        if failed
        else "Run the same command again when they are free; runner health long_transactions shows whose they are.",
    )


def as_json(results: Sequence[Maintained], *, dry_run: bool) -> dict[str, Any]:
    """Return what was done, or would be."""
    return {
        "dry_run": dry_run,
        "databases": [
            {
                "database": result.database,
                "tasks": [_task_as_json(task) for task in result.tasks],
                "duration_ms": round(result.elapsed_s * 1000),
            }
            for result in results
        ],
    }


def done_before(events: Sequence[Event]) -> dict[str, Any]:
    """Return what a run that fails had done, for the object of its error."""
    databases: list[dict[str, Any]] = []
    for event in events:
        if isinstance(event, DatabaseOpened):
            databases.append({"database": event.database, "tasks": []})
        elif isinstance(event, TaskDone):
            databases[-1]["tasks"].append(_task_as_json(event))
    return {"databases": databases} if databases else {}


def _task_as_json(task: TaskDone) -> dict[str, Any]:
    return {
        "kind": task.kind,
        "subject": task.subject,
        "state": task.state,
        "reason": task.reason,
        "message": task.message,
        "sql": task.sql,
        "size_bytes": task.size_bytes,
        "duration_ms": round(task.elapsed_s * 1000),
    }
