"""What `migrate` and `rollback` report while they run: lines for people, or events for a log."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from runner.cli.asking import require_yes
from runner.commands.migrate import Observer
from runner.engine.apply.progress import Listener
from runner.engine.plan import Action
from runner.events import WARNING, Event

if TYPE_CHECKING:
    from runner.cli.options import Context
    from runner.commands.backup import BackedUp
    from runner.commands.migrate import Outcome
    from runner.engine.apply.progress import Done
    from runner.engine.history.model import LockHolder, YoyoLock
    from runner.engine.plan import Plan
    from runner.report.live import Sights
    from runner.server.watch import Sighting

_NAMES = {
    Action.APPLY: ("migration.applied", "applied"),
    Action.REAPPLY: ("migration.applied", "re-applied"),
    Action.HOOK: ("hook.ran", "ran"),
    Action.ROLLBACK: ("migration.rolled_back", "rolled back"),
}


class Narrator(ABC):
    """Receives what happens to which database, as it happens, and reports it in one form."""

    def __init__(self, context: Context, *, dry_run: bool) -> None:
        self._context = context
        self._dry_run = dry_run
        self._warned: set[str] = set()

    def observer(self, confirm: Callable[[str, Plan], None]) -> Observer:
        """Return the callbacks for the run."""
        return Observer(
            opened=self._open,
            listener=Listener(done=self._do, warns=self._warn_once, tells=self._tells),
            waits=self._waits,
            sighted=self._sighted,
            closed=self._closed,
            backed_up=self._back_up,
            say=self._tells,
            confirm=confirm,
        )

    def _open(self, name: str, place: str) -> None:
        self._opened(name, place)
        self._context.note_database(name)

    def _do(self, done: Done) -> None:
        self._done(done)
        self._context.note_step(done)

    def _back_up(self, taken: BackedUp) -> None:
        self._backed_up(taken)
        self._context.note_backup(taken)

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._warns(text)

    @abstractmethod
    def _tells(self, event: Event) -> None: ...

    @abstractmethod
    def _opened(self, name: str, place: str) -> None: ...

    @abstractmethod
    def _done(self, done: Done) -> None: ...

    @abstractmethod
    def _backed_up(self, taken: BackedUp) -> None: ...

    @abstractmethod
    def _warns(self, text: str) -> None: ...

    @abstractmethod
    def _waits(self, holder: LockHolder | YoyoLock | None, waited_s: float) -> None: ...

    @abstractmethod
    def _sighted(self, sighting: Sighting) -> None: ...

    @abstractmethod
    def _closed(self, outcome: Outcome) -> None: ...


class Events(Narrator):
    """Everything as events, in the order in which it becomes true."""

    def __init__(self, context: Context, *, dry_run: bool) -> None:
        super().__init__(context, dry_run=dry_run)
        self._database: str | None = None
        self._sightings: list[Callable[[Sighting, str | None], None]] = []  # made when there is one

    def _tells(self, event: Event) -> None:
        from dataclasses import replace

        database = event.database or self._database
        self._context.tell(event if database == event.database else replace(event, database=database))

    def _opened(self, name: str, place: str) -> None:
        from runner.report import log

        self._database = name
        self._tells(log.opened(name, place))

    def _done(self, done: Done) -> None:
        name, verb = _NAMES[done.step.action]
        facts = {"path": done.step.script.label, "checksum": done.step.script.checksum, "rows": done.rows}
        self._tells(
            Event(
                name=name,
                message=f"{verb} {done.step.id}",
                migration=done.step.id,
                elapsed_s=done.elapsed_s,
                facts=facts,
            )
        )

    def _backed_up(self, taken: BackedUp) -> None:
        from runner.report import keeping

        self._tells(keeping.backup_event(taken))

    def _warns(self, text: str) -> None:
        self._tells(Event(name="warning", message=text, level=WARNING))

    def _waits(self, holder: LockHolder | YoyoLock | None, waited_s: float) -> None:
        from runner.report import log

        self._context.tell(log.waiting(holder, waited_s, self._database))

    def _sighted(self, sighting: Sighting) -> None:
        if not self._sightings:
            from runner.report import log

            self._sightings.append(log.Sightings(self._context.tell).show)
        self._sightings[0](sighting, self._database)

    def _closed(self, outcome: Outcome) -> None:
        from runner.report import people
        from runner.report.terminal import Style

        lines = people.closing(outcome, Style(), dry_run=self._dry_run)
        planned = [step.id for step in outcome.plan.steps] if self._dry_run else None
        validation = outcome.validation
        self._tells(
            Event(
                name="database.finished",
                message="; ".join(line.strip() for line in lines),
                elapsed_s=outcome.elapsed_s,
                facts={
                    "steps": len(outcome.done),
                    "planned": planned,
                    "pending": outcome.plan.left,
                    "newest": outcome.newest,
                    "valid": None
                    if validation is None or validation.skipped is not None
                    else validation.matches,
                },
            )
        )


class Lines(Narrator):
    """Lines for people: each step as a line of the result, all else on stderr."""

    def __init__(self, context: Context, *, dry_run: bool) -> None:
        super().__init__(context, dry_run=dry_run)
        self._style = context.style(sys.stdout)
        self._shown: list[Sights] = []  # what shows waits and progress, made when there is some

    def _say(self, line: str) -> None:
        (self._shown[0] if self._shown else self._context).say(line)

    def _result(self, line: str) -> None:
        if not self._context.json:
            self._context.echo(line)

    def _tells(self, event: Event) -> None:
        self._say(f"{event.indent}{event.message}")

    def _opened(self, name: str, place: str) -> None:
        from runner.report import people

        self._result(people.heading(name, place, self._style))

    def _done(self, done: Done) -> None:
        from runner.report import people

        self._result(people.done_line(done, self._style))

    def _backed_up(self, taken: BackedUp) -> None:
        from runner.report import keeping

        for line in keeping.backed_up(taken, self._style):
            self._result(line)

    def _warns(self, text: str) -> None:
        self._say(f"{self._context.style(sys.stderr)('warning:', 'yellow', 'bold')} {text}")

    def _waits(self, holder: LockHolder | YoyoLock | None, waited_s: float) -> None:
        from runner.report import people

        self._say(people.waiting(holder, waited_s))

    def _sighted(self, sighting: Sighting) -> None:
        if not self._shown:
            from runner.report import live

            self._shown.append(live.sights(sys.stderr, self._context.environ, self._context.say))
        self._shown[0].show(sighting)

    def _closed(self, outcome: Outcome) -> None:
        from runner.report import people

        if self._dry_run:
            for line in people.planned_lines(outcome.plan, self._style):
                self._result(line)
        for line in people.closing(outcome, self._style, dry_run=self._dry_run):
            self._result(line)


def observer(context: Context, *, dry_run: bool, yes: bool = True) -> Observer:
    """Report each thing when it has happened; with --json only the result goes to stdout."""
    narrator = Events(context, dry_run=dry_run) if context.logs_json else Lines(context, dry_run=dry_run)

    def confirm(place: str, plan: Plan) -> None:
        if yes:
            return
        from runner.errors import UsageError
        from runner.report import people

        if context.json or context.logs_json or not sys.stdin.isatty():
            raise UsageError(
                "rollback needs a confirmation, and there is no terminal",
                detail=f"{people.question(place, plan)} Nothing was changed.",
                hint="Say --yes.",
            )
        require_yes(people.question(place, plan), otherwise="Nothing was changed.")

    return narrator.observer(confirm)
