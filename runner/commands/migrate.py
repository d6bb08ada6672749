"""`runner migrate`: bring each database up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING

from runner.engine.apply.progress import Done, Listener
from runner.engine.history.store import OnWait
from runner.engine.plan import Plan, compare, plan_apply, remaining
from runner.errors import BusyError, CheckError, RunnerError, about
from runner.events import Say
from runner.session.beside import refuse_neighbours
from runner.session.lost import earlier_lost, lost_steps, report_of
from runner.session.session import Session, actor_of, open_sessions
from runner.settings import Settings
from runner.wording import counted

if TYPE_CHECKING:
    from runner.commands.backup import BackedUp, BackupOptions
    from runner.engine.history.actor import Actor
    from runner.schema.validate.compare import Validation
    from runner.server.watch import Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateOptions:
    """What `migrate` was asked for."""

    to: str | None = None
    steps: int | None = None
    dry_run: bool = False
    single_transaction: bool = False
    allow_out_of_order: bool = False
    beside_existing: bool = False  # also in a database that has tables and no history
    validate: bool = True
    validate_first: bool = False  # run nothing where what is applied is not what its files give
    scratch_url: str | None = None  # where to build these for that; None: as validate chooses
    lock_wait_s: float = 60.0
    reconnect_wait_s: float = 30.0
    backup: BackupOptions | None = None  # one is taken first


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done to one database."""

    database: str
    place: str
    plan: Plan
    done: Sequence[Done] = ()
    validation: Validation | None = None
    newest: str | None = None  # the newest applied migration afterwards
    backup: BackedUp | None = None  # taken before
    elapsed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Observer:
    """Callbacks for what happens to which database."""

    opened: Callable[[str, str], None] = lambda _name, _place: None
    listener: Listener = field(default_factory=Listener)
    waits: OnWait = lambda _holder, _waited_s: None
    sighted: Callable[[Sighting], None] = lambda _: None  # also from another thread
    closed: Callable[[Outcome], None] = lambda _: None
    backed_up: Callable[[BackedUp], None] = lambda _: None
    say: Say = lambda _: None
    confirm: Callable[[str, Plan], None] = lambda _place, _plan: None  # raises when the answer is no


def migrate(settings: Settings, options: MigrateOptions, observer: Observer) -> list[Outcome]:
    """Apply what is pending in each database, in turn, and validate each.

    The files of all databases are checked before the first one is touched.

    Raises: FileError, CheckError, MigrationFailedError, CredentialsError, UnreachableError, BusyError.
    """

    def plan(session: Session) -> Plan:
        with about(session.layout.name):
            return checked(
                plan_apply(
                    session.files,
                    session.state,
                    to=options.to,
                    steps=options.steps,
                    allow_out_of_order=options.allow_out_of_order,
                    stored_sql=session.stored_sql,
                    begun_sql=session.begun_sql,
                ),
                observer,
            )

    with open_sessions(settings, say=observer.say) as sessions:
        plans = [plan(session) for session in sessions]
        pending = [session for session, first in zip(sessions, plans, strict=True) if first.steps]
        if not options.beside_existing:
            for session in pending:
                refuse_neighbours(session, settings)
        if options.validate_first:
            for session in pending:
                _require_no_drift(settings, session, options, observer)
        taken = _back_up(settings, pending, options, observer)
        return [
            _migrate_one(settings, session, first, plan, options, observer, taken.get(session.title))
            for session, first in zip(sessions, plans, strict=True)
        ]


def _migrate_one(
    settings: Settings,
    session: Session,
    plan: Plan,
    plan_again: Callable[[Session], Plan],
    options: MigrateOptions,
    observer: Observer,
    taken: BackedUp | None,
) -> Outcome:
    started = monotonic()
    observer.opened(session.title, session.place)
    for warning in plan.warnings:
        observer.listener.warns(warning)
    done: list[Done] = []
    validation = None
    if (plan.steps or session.state.has_remains) and not options.dry_run:
        work = LockedRun(
            settings,
            session,
            observer,
            checked=plan,
            lock_wait_s=options.lock_wait_s,
            reconnect_wait_s=options.reconnect_wait_s,
        )

        def check() -> None:
            nonlocal validation
            validation = _validate(session, work.plan, options, settings)
            _require_match(validation, f"All of {session.title} was rolled back; nothing is changed.")

        done = work.run(
            lambda: plan_again(session),
            single_transaction=options.single_transaction,
            before_commit=check if options.single_transaction else lambda: None,
        )
        plan = work.plan
        if not options.single_transaction:
            validation = _validate(session, plan, options, settings)
    outcome = replace(outcome_of(session, plan, done, validation, started), backup=taken)
    observer.closed(outcome)
    _require_match(validation, "All migrations are applied and recorded.")
    return outcome


def _require_no_drift(
    settings: Settings, session: Session, options: MigrateOptions, observer: Observer
) -> None:
    """Refuse to run anything where the schema is not what the applied files give; with none applied there is nothing to compare.

    Raises: CheckError, also where it cannot be compared.
    """
    from runner.commands.validate import validate_while_pending
    from runner.schema.validate.compare import Tolerance

    comparison = compare(session.files, session.state)
    if not session.state.applied:
        return
    validation = validate_while_pending(
        session,
        settings,
        comparison,
        tolerance=Tolerance(ignore=settings.ignore),
        scratch_url=options.scratch_url,
        say=observer.say,
    )
    if validation.skipped is not None:
        raise CheckError(
            f"{session.title} cannot be validated first",
            detail=f"{validation.skipped} Nothing was run.",
            hint="Without --validate-first the schema is compared after the last file only.",
        )
    _require_match(validation, "Nothing was run.")


def _back_up(
    settings: Settings, pending: Sequence[Session], options: MigrateOptions, observer: Observer
) -> dict[str, BackedUp]:
    """Back up every database that is about to be changed, before the first one is; return them by title.

    Raises: as `runner.commands.backup.take_one`; nothing was run then.
    """
    if options.backup is None or options.dry_run or not pending:
        return {}
    from runner.commands.backup import take_one
    from runner.upkeep.backup import open_place

    place = open_place(options.backup.to, environ=settings.environ, kms_key=options.backup.kms_key)
    taken = {}
    try:
        for session in pending:
            made = take_one(settings, session, place, options.backup, waits=observer.waits)
            taken[session.title] = made
            observer.backed_up(made)
    except RunnerError as error:
        error.detail = f"{error.detail or ''} No migration was run, as there is no backup.".strip()
        raise
    return taken


class LockedRun:
    """The part of a command that holds the migration lock; begun again when the connection was lost."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        observer: Observer,
        *,
        checked: Plan,
        lock_wait_s: float,
        reconnect_wait_s: float,
    ) -> None:
        self._settings = settings
        self._session = session
        self._lock_wait_s = lock_wait_s
        self._reconnect_wait_s = reconnect_wait_s
        self._observer = observer
        self._first = checked
        self._done: list[Done] = []
        self._others: frozenset[str] | None = None  # what is applied and none of our business, once we began
        self.plan = Plan()

    def run(
        self,
        make_plan: Callable[[], Plan],
        *,
        single_transaction: bool = False,
        before_commit: Callable[[], None] = lambda: None,
    ) -> list[Done]:
        """Plan under the lock and run the plan, through outages of the server; return what is committed."""
        from runner.engine.apply.run import run_plan
        from runner.engine.apply.work import Work
        from runner.server.watch import Watch
        from runner.session.ownership import require_ownership
        from runner.session.reconnect import through_outages

        actor = actor_of(self._settings)

        def attempt() -> None:
            self._session.history.require_writable()
            if self._others is None:
                require_ownership(self._session, self._first)
            with self._session.locked(actor, wait_s=self._lock_wait_s, on_wait=self._observer.waits):
                if self._session.state.has_remains:
                    self._clear_remains(actor)
                run_plan(
                    Work(
                        history=self._session.history,
                        actor=actor,
                        listener=replace(self._observer.listener, done=self._note),
                        limits=self._settings.limits,
                        lock_wait_s=self._lock_wait_s,
                        connect=self._session.connect,
                        watch=watch,
                    ),
                    self._begin(make_plan) if self._others is None else self._go_on(),
                    single_transaction=single_transaction,
                    before_commit=before_commit,
                )
                self._session.state = self._session.history.unlock()

        with Watch(self._session.connect_watch, self._observer.sighted) as watch:
            through_outages(
                self._session,
                attempt,
                progress=lambda: len(self._done),
                reconnect_wait_s=self._reconnect_wait_s,
                say=self._observer.say,
            )
        return self._done

    def _clear_remains(self, actor: Actor) -> None:
        from runner.engine.apply.takeover import clear_all

        session = self._session
        clear_all(session.connection, session.history, actor, session.state, self._observer.listener.tells)

    def _begin(self, make_plan: Callable[[], Plan]) -> Plan:
        self.plan = checked(make_plan(), self._observer, but=self._first)
        self._others = self._applied_by_others()
        return self.plan

    def _go_on(self) -> Plan:
        """Return the rest of the plan; a step that is in history but whose answer was lost is reported now."""
        state = self._session.state
        gone = (self._others or frozenset()) - self._applied_by_others()
        if gone:
            raise earlier_lost(gone, done=len(self._done))
        lost = lost_steps(self._done, state)
        if lost:
            self._done = [done for done in self._done if done not in lost]
            self._observer.say(report_of(lost, self._session.title))
        if self._applied_by_others() != self._others:
            raise BusyError(
                "another run changed the database while our connection was lost",
                detail=f"Of this run {counted(len(self._done), 'step')} are committed and recorded; nothing is half-done.",
                hint="Check runner status and run the command again.",
            )
        rest = remaining(self.plan, state)
        told = {done.step.id for done in self._done}
        for step in self.plan.steps:
            if step not in rest.steps and step.id not in told:
                entry = state.applied.get(step.id)
                self._note(Done(step=step, elapsed_s=((entry and entry.duration_ms) or 0) / 1000))
        return rest

    def _applied_by_others(self) -> frozenset[str]:
        return frozenset(self._session.state.applied) - {step.id for step in self.plan.steps}

    def _note(self, done: Done) -> None:
        self._done.append(done)
        self._observer.listener.done(done)


def checked(plan: Plan, observer: Observer, *, but: Plan | None = None) -> Plan:
    """Check the files of a plan, but not those that were read and checked for another."""
    known = set() if but is None else {id(step.script) for step in but.steps}
    unknown = tuple(step for step in plan.steps if id(step.script) not in known)
    if unknown:
        from runner.engine.apply.run import check_plan

        check_plan(replace(plan, steps=unknown), observer.listener)
    return plan


def ids(plan: Plan) -> str:
    """Name the migrations of a plan in a sentence."""
    return ", ".join(step.id for step in plan.steps) or "nothing"


def _validate(session: Session, plan: Plan, options: MigrateOptions, settings: Settings) -> Validation | None:
    """Compare with the snapshot, which shows the schema after the last file: pointless before that."""
    if not options.validate:
        return None
    from runner.schema.validate.compare import Tolerance, Validation, validate

    label = settings.label(session.layout.snapshot)
    if plan.left:
        return Validation(snapshot=label, skipped=f"{plan.left} still pending")
    if plan.missing:
        return Validation(snapshot=label, skipped="the database is ahead of these files")
    return validate(
        session.connection,
        session.layout.snapshot,
        label,
        exclude=(settings.migration_table,),
        name=session.place,
        files=session.files,
        recent=[step.id for step in plan.steps],
        tolerance=Tolerance(ignore=settings.ignore),
    )


def _require_match(validation: Validation | None, state: str) -> None:
    if validation is not None and not validation.matches and validation.skipped is None:
        from runner.schema.validate.compare import mismatch

        raise mismatch(validation, state=state)


def outcome_of(
    session: Session, plan: Plan, done: Sequence[Done], validation: Validation | None, started: float
) -> Outcome:
    """Return what was done to one database, as it is now."""
    newest = next((entry.id for entry in session.state.newest_first()), None)
    return Outcome(
        database=session.title,
        place=session.place,
        plan=plan,
        done=done,
        validation=validation,
        newest=newest,
        elapsed_s=monotonic() - started,
    )
