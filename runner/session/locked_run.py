"""The part of a command that holds the migration lock and runs a plan.

A server may come back without commits that it had confirmed: a standby that was promoted before it had everything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.engine.apply.context import Work
from runner.engine.apply.run import check_plan, run_plan
from runner.engine.apply.takeover import clear_all
from runner.engine.history.actor import actor_of
from runner.engine.history.state import State
from runner.engine.plan import Action, Plan, is_done, remaining
from runner.errors import BusyError, CheckError
from runner.events import WARNING, Emit, Event, Notice, StepDone
from runner.limits import Waits
from runner.server.watch import Watch
from runner.session.ownership import require_ownership
from runner.session.reconnect import through_outages
from runner.session.session import Session
from runner.settings import Settings
from runner.wording import counted

if TYPE_CHECKING:
    from runner.engine.history.actor import Actor


class LockedRun:
    """The part of a command that holds the migration lock; begun again when the connection was lost."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        emit: Emit,
        *,
        checked: Plan,
        waits: Waits,
    ) -> None:
        self._settings = settings
        self._session = session
        self._emit = emit
        self._waits = waits
        self._first = checked
        self._done: list[StepDone] = []
        self._others: frozenset[str] | None = None  # what is applied and none of our business, once we began
        self.plan = Plan()

    def run(
        self,
        make_plan: Callable[[], Plan],
        *,
        single_transaction: bool = False,
        before_commit: Callable[[], None] = lambda: None,
    ) -> list[StepDone]:
        """Plan under the lock and run the plan, through outages of the server; return what is committed."""
        actor = actor_of(self._settings, self._session.connection)

        def attempt() -> None:
            self._session.history.require_writable()
            if self._others is None:
                require_ownership(self._session, self._first)
            with self._session.locked(actor, wait_s=self._waits.lock_s, emit=self._emit):
                if self._session.state.has_remains:
                    self._clear_remains(actor)
                run_plan(
                    Work(
                        history=self._session.history,
                        actor=actor,
                        emit=self._note,
                        limits=self._settings.limits,
                        lock_wait_s=self._waits.lock_s,
                        connect=self._session.connect,
                        watch=watch,
                    ),
                    self._begin(make_plan) if self._others is None else self._go_on(),
                    single_transaction=single_transaction,
                    before_commit=before_commit,
                )
                self._session.state = self._session.history.unlock()

        with Watch(self._session.connect_watch, self._emit) as watch:
            through_outages(
                self._session,
                attempt,
                progress=lambda: len(self._done),
                reconnect_wait_s=self._waits.reconnect_s,
                emit=self._emit,
            )
        self._require_recorded()
        return self._done

    def _require_recorded(self) -> None:
        """Look whether history has at the end what it had before, and what this run did.

        Raises: CheckError.
        """
        lost = [each.id for each in lost_steps(self._done, self.plan, self._session.state)]
        lost += sorted((self._others or frozenset()) - self._applied_by_others())
        if lost:
            raise deleted_from_history(lost)

    def _clear_remains(self, actor: Actor) -> None:

        session = self._session
        clear_all(session.connection, session.history, actor, session.state, self._emit)

    def _begin(self, make_plan: Callable[[], Plan]) -> Plan:
        self.plan = checked(make_plan(), self._session, self._emit, but=self._first)
        self._others = self._applied_by_others()
        return self.plan

    def _go_on(self) -> Plan:
        """Return the rest of the plan; a step that is in history but whose answer was lost is reported now."""
        state = self._session.state
        gone = (self._others or frozenset()) - self._applied_by_others()
        if gone:
            raise earlier_lost(gone, done=len(self._done))
        lost = lost_steps(self._done, self.plan, state)
        if lost:
            self._done = [done for done in self._done if done not in lost]
            self._emit(report_of(lost, self._session.title))
        if self._applied_by_others() != self._others:
            raise BusyError(
                "another run changed the database while our connection was lost",
                detail=f"Of this run {counted(len(self._done), 'step')} are committed and recorded; nothing is half-done.",
                hint="Check runner status and run the command again.",
            )
        rest = remaining(self.plan, state)
        told = {done.id for done in self._done}
        for step in self.plan.steps:
            if step not in rest.steps and step.id not in told:
                entry = state.applied.get(step.id)
                self._note(step.done(((entry and entry.duration_ms) or 0) / 1000))
        return rest

    def _applied_by_others(self) -> frozenset[str]:
        return frozenset(self._session.state.applied) - {step.id for step in self.plan.steps}

    def _note(self, event: Event) -> None:
        if isinstance(event, StepDone):
            self._done.append(event)
        self._emit(event)


def checked(plan: Plan, session: Session, emit: Emit, *, but: Plan | None = None) -> Plan:
    """Check the files of a plan, but not those that were read and checked for another."""
    known = set() if but is None else {id(step.script) for step in but.steps}
    unknown = tuple(step for step in plan.steps if id(step.script) not in known)
    if unknown:
        check_plan(replace(plan, steps=unknown), session.connection, emit)
    return plan


def lost_steps(done: Sequence[StepDone], plan: Plan, state: State) -> list[StepDone]:
    """Return the steps that were reported as done and are no longer in history."""
    steps = {step.id: step for step in plan.steps if step.action is not Action.HOOK}
    return [each for each in done if each.id in steps and not is_done(steps[each.id], state)]


def report_of(lost: Sequence[StepDone], database: str) -> Notice:
    """Return the warning that names them; they are run again."""
    ids = [each.id for each in lost]
    return Notice(
        name="history.lost",
        message=f"{database}: the server has lost commits: {_some(ids)}, reported as done by this run, {_are(ids)} no"
        " longer so in its history, and run again now (a standby that was promoted before it had everything?)",
        level=WARNING,
        database=database,
        facts={"migrations": ids},
        indent="  ",
    )


def earlier_lost(ids: Collection[str], *, done: int) -> BusyError:
    """Return the error for migrations that were applied before this run and are no longer in history."""
    return BusyError(
        f"the server has lost commits: {_some(ids)}, applied before this run, {_are(ids)} no longer in its history",
        detail="A standby that was promoted before it had everything? Its schema and its history agree; "
        f"{counted(done, 'step')} had been reported as done by this run.",
        hint="Look at runner status. Running the same command again applies what is missing.",
    )


def deleted_from_history(ids: Sequence[str]) -> CheckError:
    """Return the error for migrations that were recorded before the end of the run and are not any more."""
    return CheckError(
        f"history does not have {_some(ids)} any more",
        detail="A file of this run, or another session, deleted from history's tables. What the files did is in effect.",
        hint="Remove such statements from the files. Restore what history had, from a backup or by hand, before the next run: "
        "it would run again what is in effect.",
    )


def _some(ids: Collection[str]) -> str:
    shown = sorted(ids)
    return ", ".join(shown[:5]) + (", …" if shown[5:] else "")


def _are(ids: Collection[str]) -> str:
    return "is" if len(ids) == 1 else "are"
