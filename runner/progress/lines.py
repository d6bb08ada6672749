"""Events as lines for people: what is done as lines of the result, all else on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, assert_never

from runner.events import (
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
    Sighting,
    StepDone,
    StepPlanned,
    TaskDone,
    Unseen,
    Waiting,
)
from runner.report.parts import ID_WIDTH, at, compared_line
from runner.report.per_database import heading
from runner.report.terminal import Style, is_watched
from runner.wording import counted, duration, size

if TYPE_CHECKING:
    from runner.progress.live import Sights

# of each action: what it would do, what it did, and its colour
_VERBS = {
    "apply": ("apply", "applied", "green"),
    "reapply": ("re-apply", "re-applied", "green"),
    "hook": ("run", "ran", "green"),
    "rollback": ("roll back", "rolled back", "yellow"),
}
_STATES = {
    "done": ("done", "green"),
    "planned": ("would", "yellow"),
    "skipped": ("skipped", "dim"),
    "locked": ("locked", "yellow"),
    "failed": ("failed", "red"),
}


class Lines:
    """Writes each event as it comes: `result` gets the lines of the result, `say` those beside it."""

    def __init__(
        self, result: Callable[[str], None], say: Callable[[str], None], environ: Mapping[str, str]
    ) -> None:
        self._result = result
        self._stderr = say
        self._environ = environ
        self._style = Style.of(sys.stdout, environ)
        self._rehearsed = 0
        self._sights: Sights | None = None  # what shows waits and progress, made when there is some

    def __call__(self, event: Event) -> None:
        """Write the lines of an event."""
        match event:
            case Notice(name="warning"):
                self._say(f"{Style.of(sys.stderr, self._environ)('warning:', 'yellow', 'bold')} {event}")
            case Notice():
                self._say(f"{event.indent}{event}")
            case Waiting() | Running() | Unseen() | Over():
                self._show(event)
            case Rehearsed():
                self._rehearsed += 1
                self._in_place(f"  {self._rehearsed} rehearsed; {event.migration}: {event.verdict}")
            case RehearsalsOver():
                self._in_place("")
            case _:
                for line in result_lines(event, self._style):
                    self._result(line)

    def _say(self, line: str) -> None:
        (self._stderr if self._sights is None else self._sights.say)(line)

    def _show(self, sighting: Sighting) -> None:
        if self._sights is None:
            from runner.progress.live import sights  # for start-up time: it loads rich

            self._sights = sights(sys.stderr, self._environ, self._stderr)
        self._sights.show(sighting)

    def _in_place(self, line: str) -> None:
        """Show how far a long command is where a person watches; an empty line takes it away."""
        if is_watched(sys.stderr, self._environ):
            fitting = line[: os.get_terminal_size(sys.stderr.fileno()).columns - 1]
            sys.stderr.write(f"\r\x1b[2K{fitting}")
            sys.stderr.flush()


def result_lines(
    event: DatabaseOpened | StepDone | RunFinished | BackupTaken | TaskDone | MaintenanceFinished,
    style: Style,
) -> Iterator[str]:
    """Yield the lines of what is done."""
    match event:
        case DatabaseOpened():
            yield heading(event.database, event.place, style)
        case StepDone():
            yield _done(event, style)
        case RunFinished():
            yield from _planned(event.planned or (), style)
            yield from closing(event, style)
        case BackupTaken():
            yield from _backup(event, style)
        case TaskDone():
            yield _task(event, style)
        case MaintenanceFinished():
            yield in_order(event, style)
        case _:
            assert_never(event)


def past(done: StepDone) -> str:
    """Return what was done with a migration: "applied"."""
    return _VERBS[done.action][1]


def closing(run: RunFinished, style: Style) -> Iterator[str]:
    """Yield what changed and where the database stands, and how it compares with the snapshot."""
    where = at(run.newest)
    left = f"; {run.left} still pending" if run.left else ""
    if run.planned is not None:
        count = len(run.planned)
        said = f"{counted(count, 'step')} would be run; nothing was changed" if count else "nothing to do"
        yield f"  {said}{where}"
    elif not run.done:
        said = "nothing to do" if run.left else "up to date, nothing was written"
        yield f"  {style(said, 'green')}{where}{left}"
    else:
        rolled_back = run.done[0].action == "rollback"
        count = sum(done.action != "hook" for done in run.done)
        verb = "rolled back" if rolled_back else "applied"
        said = f"{counted(count, 'migration')} {verb} in {duration(run.elapsed_s)}"
        yield f"  {style(said, 'green')}{where}{'' if rolled_back else left}"
    if run.compared is not None:
        yield f"  {compared_line(run.compared, style)}"


def in_order(finished: MaintenanceFinished, style: Style) -> str:
    """Return the closing line of a database's maintenance."""
    if not finished.tasks:
        return f"  {style('in order', 'green')}, nothing to do"
    end = "to do" if finished.dry_run else f"done in {duration(finished.elapsed_s)}"
    return f"  {counted(finished.effective, 'task')} {end}"


def task_state(task: TaskDone) -> str:
    """Return what became of a task, in a word."""
    return _STATES[task.state][0]


def _done(done: StepDone, style: Style) -> str:
    _, verb, colour = _VERBS[done.action]
    rows = "" if done.rows is None else style(f"  {done.rows:,} {'row' if done.rows == 1 else 'rows'}", "dim")
    return (
        f"  {style(verb.ljust(11), colour)}  {done.id.ljust(ID_WIDTH)}"
        f"  {style(duration(done.elapsed_s).rjust(8), 'dim')}{rows}"
    )


def _planned(steps: tuple[StepPlanned, ...], style: Style) -> Iterator[str]:
    width = max((len(_VERBS[step.action][0]) for step in steps), default=0)
    for step in steps:
        note = style(f"  {step.how}", "yellow") if step.how else ""
        yield f"  {style(_VERBS[step.action][0].ljust(width), 'yellow')}  {step.id}{note}"


def _backup(taken: BackupTaken, style: Style) -> Iterator[str]:
    yield heading(taken.database, taken.place, style)
    yield (
        f"  {style('backed up'.ljust(11), 'green')}  {taken.label}"
        f"  {style(f'{size(taken.size_bytes)}, {duration(taken.elapsed_s)}', 'dim')}"
    )
    kind = "schema only" if taken.schema_only else "schema and data"
    newest = "" if taken.newest is None else f", at {taken.newest}"
    yield f"  {kind}, {counted(taken.migrations, 'migration')}{newest}; read back whole"
    for name in taken.removed:
        yield f"  {style('removed'.ljust(11), 'yellow')}  {name}"


def _task(task: TaskDone, style: Style) -> str:
    word, colour = _STATES[task.state]
    facts = [task.reason, *([] if task.size_bytes is None else [size(task.size_bytes)])]
    if task.message:
        facts.append(task.message)
    if task.state == "done":
        facts.append(duration(task.elapsed_s))
    return f"  {style(word.ljust(8), colour)}  {f'{task.kind} {task.subject}'.ljust(ID_WIDTH)}  {style('; '.join(facts), 'dim')}"
