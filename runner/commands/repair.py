"""`runner repair`: correct history, and decide what a person alone can decide of a file that was run in part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runner.commands.baseline import adopted
from runner.engine.apply.takeover import check_progress, clear, take_over
from runner.engine.history.actor import actor_of
from runner.engine.history.encoding import require_storable
from runner.engine.history.journal import Direction, Journal, JournalStep
from runner.engine.history.message import Record
from runner.engine.history.state import Operation, Partial
from runner.engine.plan import resolve_id
from runner.engine.plan.refuse import partly_applied
from runner.errors import CheckError, UsageError
from runner.events import Emit
from runner.files.migrations.migration import Script
from runner.files.migrations.units import check_script, units
from runner.report.per_database import heading
from runner.report.terminal import Style
from runner.session.recording import recording_session
from runner.session.session import Session, one_session
from runner.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """One change to history."""

    database: str
    place: str
    operation: Operation
    id: str
    old_id: str | None = None
    what: str | None = None  # of a file that was run in part

    def text(self, style: Style) -> str:
        """Return what was recorded."""
        said = {
            Operation.REPAIR: f"noted  {self.id}: {self.what}",
            Operation.ACCEPT: f"accepted  {self.id} as it is now",
            Operation.FORGET: f"forgot  {self.id}: no longer in history; the schema was not changed",
            Operation.RENAME: f"renamed  {self.old_id} to {self.id}",
        }[self.operation]
        return f"{heading(self.database, self.place, style)}\n  {said}"

    def as_json(self) -> dict[str, Any]:
        """Return what was recorded, as an object."""
        return {
            "database": self.database,
            "operation": self.operation.value,
            "id": self.id,
            "old_id": self.old_id,
            "what": self.what,
        }


@dataclass(frozen=True, slots=True)
class _Begun:
    """A file that was run in part, and what it is now."""

    partial: Partial
    journal: Journal
    steps: Sequence[tuple[int, JournalStep]]
    script: Script | None  # None: the file is gone

    @property
    def in_doubt(self) -> list[int]:
        return [number for number, row in self.steps if not row.is_done and not row.repeats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Changes to history of one database, each made under the migration lock, with a reason that history keeps."""

    settings: Settings
    reason: str
    lock_wait_s: float
    emit: Emit

    def accept(self, id_: str) -> Mended:
        """Take an edited file for what had been applied.

        Raises: UsageError when there is no such file, or it is not applied.
        """
        with one_session(self.settings, self.emit) as session:
            id_ = _applied_id(session, id_)
            migration = next((m for m in session.files if m.id == id_), None)
            if migration is None:
                raise UsageError(
                    f"{id_} has no file to accept",
                    hint=f'To take it out of history: runner repair forget {id_} --reason "…"',
                )
            if session.state.applied[id_].checksum == migration.checksum:
                raise UsageError(
                    f"{id_} is as it was applied: there is nothing to accept", detail="Nothing was changed."
                )
            require_storable(session.connection, [migration])
            with recording_session(
                session, actor_of(self.settings, session.connection), self.lock_wait_s
            ) as record:
                record(adopted(migration, operation=Operation.ACCEPT, again=True, reason=self.reason))
            return Mended(database=session.title, place=session.place, operation=Operation.ACCEPT, id=id_)

    def forget(self, wanted: Sequence[str]) -> list[Mended]:
        """Take migrations out of history without undoing them.

        Raises: UsageError when one is not applied; CheckError if its file exists, as it would be applied again.
        """
        with one_session(self.settings, self.emit) as session:
            ids = [_applied_id(session, id_) for id_ in wanted]
            for id_ in ids:
                if any(m.id == id_ for m in session.files):
                    raise CheckError(
                        f"{id_} still has its file: forgotten, it would be applied again",
                        detail="Nothing was changed.",
                        hint="Remove the file first, or undo the migration with: runner rollback",
                    )
            with recording_session(
                session, actor_of(self.settings, session.connection), self.lock_wait_s
            ) as record:
                for id_ in ids:
                    record(Record(id=id_, operation=Operation.FORGET, reason=self.reason, elapsed_ms=None))
            return [
                Mended(database=session.title, place=session.place, operation=Operation.FORGET, id=id_)
                for id_ in ids
            ]

    def rename(self, old: str, new: str) -> Mended:
        """Record that an applied migration's file has another name now.

        Raises: UsageError when the old one is not applied or the new one has no file or is applied itself.
        """
        with one_session(self.settings, self.emit) as session:
            old = _applied_id(session, old)
            new = resolve_id(new, [m.id for m in session.files], "file")
            if new in session.state.applied:
                raise UsageError(f"{new} is applied itself", detail="Nothing was changed.")
            migration = next(m for m in session.files if m.id == new)
            if any(m.id == old for m in session.files):
                raise UsageError(
                    f"{old} still has its file",
                    detail="Nothing was changed.",
                    hint="Remove or rename it first.",
                )
            if session.state.applied[old].checksum not in {None, migration.checksum}:
                raise CheckError(
                    f"{new} is not what was applied as {old}: the checksums differ",
                    detail="Renamed, it would count as applied without having been run. Nothing was changed.",
                    hint="Rename the file as it was applied, and put the change in a new migration.",
                )
            require_storable(session.connection, [migration])
            with recording_session(
                session, actor_of(self.settings, session.connection), self.lock_wait_s
            ) as record:
                record(adopted(migration, operation=Operation.RENAME, old_id=old, reason=self.reason))
            return Mended(
                database=session.title, place=session.place, operation=Operation.RENAME, id=new, old_id=old
            )

    def settle(self, id_: str, *, took_effect: bool, statement: int | None) -> Mended:
        """Note what became of a statement whose run was cut off: it took effect, or it is to be run again.

        Raises: UsageError when no statement of the migration is in doubt, or several are and none is named.
        """

        def act(session: Session, begun: _Begun) -> str:
            step = _chosen(begun, statement)
            if took_effect:
                begun.journal.end(session.connection, step)
            else:
                begun.journal.forget(session.connection, step)
            return f"step {step} {'took effect' if took_effect else 'is run again'}: {self.reason}"

        return self._mend(id_, act)

    def go_on(self, id_: str) -> Mended:
        """Go on with the file as it is now; what had been run of it must stand there unchanged.

        Raises: CheckError when it does not; UsageError when the file is as it was begun.
        """

        def compare(session: Session, begun: _Begun) -> None:
            script = begun.script
            if script is None:
                raise UsageError(
                    f"{begun.partial.id} has no file",
                    detail="Nothing was changed.",
                    hint="Restore the file; or, once you have undone by hand what it did: "
                    f'runner repair restart {begun.partial.id} --reason "…"',
                )
            if script.checksum == begun.partial.checksum:
                raise UsageError(
                    f"{begun.partial.id} is as it was begun: there is nothing to accept",
                    detail="Nothing was changed.",
                    hint=_GO_ON[begun.partial.direction],
                )
            check_script(script)
            steps = take_over(session.connection, begun.journal, begun.partial.id, script, self.emit)
            check_progress(begun.partial.id, script, steps)

        def act(session: Session, begun: _Begun) -> str:
            if (script := begun.script) is not None and script.transactional:  # nothing of it is in effect
                session.connection.execute(begun.journal.closing())
            elif script is not None:
                begun.journal.take_over(
                    session.connection,
                    checksum=script.checksum,
                    statements=check_script(script),
                    text=script.text,
                )
            return f"continues with the file as it is now, at the next runner migrate ({self.reason})"

        return self._mend(id_, act, first=compare)

    def restart(self, id_: str) -> Mended:
        """Forget how far a file came, for what it did is undone: the next run begins at its first statement.

        Raises: UsageError when the migration is not run in part.
        """

        def clear_away(session: Session, begun: _Begun) -> None:
            clear(session.connection, begun.journal, self.emit)

        def act(session: Session, begun: _Begun) -> str:
            session.connection.execute(begun.journal.closing())
            return f"begins again at its first statement: {self.reason}"

        return self._mend(id_, act, first=clear_away)

    def _mend(
        self,
        id_: str,
        act: Callable[[Session, _Begun], str],
        *,
        first: Callable[[Session, _Begun], None] = lambda _session, _begun: None,
    ) -> Mended:
        with one_session(self.settings, self.emit) as session:
            id_ = resolve_id(id_, list(session.state.partial), "partly applied migration")

            def before() -> None:
                first(session, _begun(self.settings, session, id_))

            with recording_session(
                session, actor_of(self.settings, session.connection), self.lock_wait_s, first=before
            ) as record:
                reason = act(session, _begun(self.settings, session, id_))
                record(Record(id=id_, operation=Operation.REPAIR, reason=reason, elapsed_ms=None))
            return Mended(
                database=session.title, place=session.place, operation=Operation.REPAIR, id=id_, what=reason
            )


def _applied_id(session: Session, wanted: str) -> str:
    """Return the id of the applied migration that `wanted` names.

    Raises: CheckError for one that is partly applied, UsageError for one that is not applied at all.
    """
    applied, name = list(session.state.applied), wanted.removesuffix(".sql")
    if not any(id_.startswith(name) for id_ in applied):
        begun = [partial for partial in session.state.partial.values() if partial.id.startswith(name)]
        if len(begun) == 1:
            raise partly_applied(begun[0], detail="History has no entry of it yet. Nothing was changed.")
        if any(m.id == name for m in session.files):
            raise UsageError(
                f"{name} is not applied", detail="Nothing was changed.", hint="See: runner status"
            )
    return resolve_id(wanted, applied, "applied migration")


def _begun(settings: Settings, session: Session, id_: str) -> _Begun:
    partial = session.state.partial.get(id_)
    if partial is None:
        raise CheckError(f"{id_} was finished meanwhile", detail="Nothing was changed.")
    direction = Direction(partial.direction)
    journal = Journal(session.history.names, actor_of(settings, session.connection), id_, direction)
    migration = next((m for m in session.files if m.id == id_), None)
    script = None
    if migration is not None:
        script = migration.apply if direction is Direction.APPLY else migration.rollback
    return _Begun(partial, journal, list(journal.steps(session.connection).items()), script)


_GO_ON = {"apply": "Go on with: runner migrate", "rollback": "Go on with: runner rollback"}


def _chosen(begun: _Begun, statement: int | None) -> int:
    doubtful = begun.in_doubt
    if not doubtful:
        raise UsageError(
            f"no statement of {begun.partial.id} is in doubt",
            detail="What it did so far is known. Nothing was changed.",
            hint=f"{_GO_ON[begun.partial.direction]}; once what it did is undone by hand, begin again with: "
            f'runner repair restart {begun.partial.id} --reason "…"',
        )
    if statement is None:
        if len(doubtful) > 1:
            raise UsageError(
                f"{len(doubtful)} statements of {begun.partial.id} are in doubt",
                detail="Nothing was changed.",
                hint="Choose one: --statement N, with the number that runner migrate gives.",
            )
        return doubtful[0]
    numbers = {} if begun.script is None else {u.earlier + 1: u.number for u in units(begun.script)}
    step = numbers.get(statement, statement)
    if step not in doubtful:
        raise UsageError(
            f"statement {statement} of {begun.partial.id} is not in doubt", detail="Nothing was changed."
        )
    return step
