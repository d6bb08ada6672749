"""Rehearse migrations in a scratch database of our own: what each takes, and whether its rollback undoes it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from runner.commands.lint import base_of, scripts, start_of
from runner.commands.statements import statements_from
from runner.engine.apply.context import Work
from runner.engine.apply.run import check_plan, run_plan
from runner.engine.history.actor import actor_of
from runner.engine.history.order import in_order
from runner.engine.plan import Action, Plan, Step, plan_apply, resolve_id
from runner.errors import ConfigurationError, UsageError
from runner.events import Emit, RehearsalsOver, Rehearsed
from runner.files.migrations.git import changed_since
from runner.files.migrations.layout import Layout
from runner.files.migrations.migration import Kind, Migration
from runner.files.named_statements import NamedStatement
from runner.limits import Limits
from runner.review.lint import Finding, Level, allowed_rules, lint
from runner.review.verify import (
    Ground,
    OneTransactionNeededError,
    Rehearsal,
    Seed,
    Verdict,
    Verification,
    Way,
    findings,
    look_around,
    not_tried,
    rehearse,
    with_all_beyond,
)
from runner.review.verify.rehearsal import StatementsPlanned
from runner.review.verify.statement_plans import Planner, not_planned
from runner.review.verify.statement_watch import StatementWatch
from runner.schema.catalog.incremental import Mirror
from runner.schema.catalog.objects import Catalog
from runner.session.scratch import scratch_session
from runner.session.session import Session, open_session, read_files
from runner.settings import Settings

_LIMITS = Limits(lock_timeout_ms=30_000)  # nobody else is there: whoever waits so long waits for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """What `verify` was asked for."""

    everything: bool = False
    since: str | None = None
    base: str | None = None  # a git revision
    weigh: bool = False  # look at the real target too
    lint: bool = True  # tell what the files themselves show, too
    levels: Mapping[str, Level] = field(default_factory=dict)  # the project's own, by rule
    scratch_url: str | None = None
    statements: bool | None = None  # plan the application's statements; None: if the project has some
    statements_from: str | None = None
    statements_new: str | None = None
    role: str | None = None  # to plan them as


def verifications(
    settings: Settings,
    options: VerifyOptions,
    *,
    emit: Emit,
) -> list[Verification]:
    """Rehearse what the options choose of each database: by default what is pending on its target.

    Raises: FileError, ConfigurationError, UnreachableError, CheckError; a migration that fails is part of the result.
    """
    found = read_files(settings)
    try:
        return [
            _verify(settings, layout, files, options, only=len(found) == 1, emit=emit)
            for layout, files in found
        ]
    finally:
        emit(RehearsalsOver())


def _verify(
    settings: Settings,
    layout: Layout,
    files: list[Migration],
    options: VerifyOptions,
    *,
    only: bool,
    emit: Emit,
) -> Verification:
    started, begun_at = time.monotonic(), datetime.now(UTC)
    chosen, asked = _choose(settings, layout, files, options, only=only, emit=emit)
    if options.weigh and asked is None:
        with open_session(settings, layout, files, only=only, emit=emit) as session:
            asked = _Asked.of(session)
    run = _Run(
        settings,
        layout,
        files,
        options.scratch_url,
        emit,
        None if asked is None else asked.time_zone,
        statements=_statements(settings, layout, options, emit) if chosen else _Statements(),
    )
    found = tuple(run.rehearsals(chosen)) if chosen else ()
    surroundings = None
    if options.weigh:
        tables = {
            lock.relation for rehearsal in found for trace in rehearsal.statements for lock in trace.locks
        }
        with open_session(settings, layout, files, only=only, emit=emit) as session:
            surroundings = look_around(session.connection, tables, place=session.place)
    return Verification(
        database=layout.title,
        place=None if asked is None else asked.place,
        server_version=run.server_version,
        replayed=run.replayed,
        rehearsals=found,
        before=run.before,
        after=run.after,
        findings=findings(
            found,
            _linted(settings, layout, files, options) if options.lint and found else (),
            allowed={m.id: _allowed(m) for m in files if m.id in chosen},
            levels=options.levels,
            around=surroundings,
        ),
        seed=None if run.seed is None else run.seed.label,
        seed_rows=0 if run.seed is None else run.seed.rows,
        seed_refused=() if run.seed is None else run.seed.refused,
        surroundings=surroundings,
        statements=run.statements.planned(),
        commit=actor_of(settings).git_commit,
        begun_at=begun_at,
        elapsed_s=time.monotonic() - started,
    )


@dataclass(slots=True)
class _Statements:
    """The application's statements, and what of them could not be planned."""

    source: str = ""
    running: list[NamedStatement] = field(default_factory=list)
    newer: list[NamedStatement] = field(default_factory=list)
    role: str | None = None
    refused: dict[str, str] = field(default_factory=dict)  # why, by name
    worked: set[str] = field(default_factory=set)  # at some point

    def watch(self, conn: psycopg.Connection[Any]) -> StatementWatch | None:
        """Watch them in a scratch database."""
        if not self.running and not self.newer:
            return None
        return StatementWatch(Planner.begin(conn, self.role), self.running, self.newer)

    def note(self, watch: StatementWatch) -> None:
        """Note which of them worked before or after a file."""
        for name, plan in watch.plans():
            if plan.error is None:
                self.worked.add(name)
            else:
                self.refused.setdefault(name, plan.error)

    def planned(self) -> StatementsPlanned | None:
        """Return what a report says of them."""
        if not self.running and not self.newer and not self.refused:
            return None
        failed = {name: why for name, why in self.refused.items() if name not in self.worked}
        return StatementsPlanned(
            source=self.source,
            count=len(self.running) - sum(s.name in failed for s in self.running),
            not_planned=tuple(sorted(failed.items())),
            role=self.role,
        )


def _statements(settings: Settings, layout: Layout, options: VerifyOptions, emit: Emit) -> _Statements:
    if options.statements is False:
        return _Statements()
    source, running = statements_from(options.statements_from, layout, settings, emit)
    newer: list[NamedStatement] = []
    if options.statements_new is not None:
        newer = statements_from(options.statements_new, layout, settings, emit)[1]
    if options.statements and not running and not newer:
        raise UsageError(
            f"no statements for {layout.title}",
            hint="Write them from production with runner statements --output sql/statements/NAME.sql, or name them: --statements-from",
        )
    refused = {s.name: why for s in running if (why := not_planned(s.sql)) is not None}
    return _Statements(
        source=source,
        running=[s for s in running if s.name not in refused],
        newer=[s for s in newer if not_planned(s.sql) is None],
        role=options.role,
        refused=refused,
    )


def _linted(
    settings: Settings, layout: Layout, files: list[Migration], options: VerifyOptions
) -> Sequence[Finding]:
    base = None if options.base is None else base_of(options.base, layout, files, settings.project)
    return lint(files, base=base, levels=options.levels, start=start_of(layout))


def _allowed(migration: Migration) -> dict[str, str]:
    return {rule: reason for script in scripts(migration) for rule, reason in allowed_rules(script).items()}


def _choose(
    settings: Settings,
    layout: Layout,
    files: list[Migration],
    options: VerifyOptions,
    *,
    only: bool,
    emit: Emit,
) -> tuple[frozenset[str], _Asked | None]:
    """Return the ids to rehearse, and what was asked of the target where it says which are pending."""
    ids = [m.id for m in _ordered(files)]
    if options.everything:
        return frozenset(ids), None
    if options.since is not None:
        since = resolve_id(options.since, ids, "file")
        return frozenset(ids[ids.index(since) + 1 :]), None
    if options.base is not None:
        return changed_since(options.base, files, project=settings.project), None
    try:
        with open_session(settings, layout, files, only=only, emit=emit) as session:
            plan = plan_apply(session.files, session.state, allow_out_of_order=True)
            asked = _Asked.of(session)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"what is pending is not known: {error.message}",
            detail=error.detail,
            hint="Name the files without a target: --all, --since ID, or --base GIT_REVISION",
        ) from error
    return frozenset(step.id for step in plan.steps if step.action is not Action.HOOK), asked


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked of the target."""

    place: str
    time_zone: str

    @classmethod
    def of(cls, session: Session) -> _Asked:
        row = session.connection.execute("SHOW TimeZone").fetchone()
        return cls(session.place, str(row[0]) if row else "UTC")


def _ordered(files: Sequence[Migration]) -> list[Migration]:
    return in_order([m for m in files if m.kind is not Kind.HOOK])


@dataclass(slots=True)
class _Run:
    """Scratch databases, one after the other: a new one is begun where the last was left as no file leads to it."""

    settings: Settings
    layout: Layout
    files: list[Migration]
    scratch_url: str | None
    emit: Emit
    time_zone: str | None  # of the target, where it is known
    statements: _Statements
    server_version: int = 0
    replayed: int = 0
    seed: Seed | None = None
    before: Catalog = field(default_factory=Catalog)
    after: Catalog = field(default_factory=Catalog)

    def rehearsals(self, chosen: frozenset[str]) -> Iterator[Rehearsal]:
        """Yield what is found of each chosen migration, in order; after one that fails the rest is not tried."""
        as_one: set[str] = set()
        wanted: list[int] = []
        at, first = 0, True
        while first or any(n >= at for n in wanted):
            with self._scratch() as (ground, steps):
                if first:
                    wanted = [n for n, step in enumerate(steps) if step.id in chosen]
                    self.replayed, first = wanted[0] if wanted else 0, False
                self._replay(ground, steps[:at])
                for n in (n for n in wanted if n >= at):
                    self._replay(ground, steps[at:n])
                    at = n
                    if n == wanted[0]:
                        self.before = ground.schema
                    self._load(ground)
                    try:
                        found = rehearse(ground, steps[n], as_one=steps[n].id in as_one)
                    except OneTransactionNeededError:
                        as_one.add(steps[n].id)
                        break
                    self.after = ground.schema
                    if ground.watch is not None:
                        self.statements.note(ground.watch)
                    self.emit(
                        Rehearsed(
                            migration=found.id,
                            verdict=found.round_trip.verdict.value,
                            elapsed_s=found.elapsed_s,
                        )
                    )
                    yield found
                    at = n + 1
                    if found.round_trip.failed_on is Way.APPLY:
                        yield from self._untried(steps[m] for m in wanted if m > n)
                        return
                    if found.round_trip.verdict in {Verdict.FAILED, Verdict.DIFFERS}:
                        break

    def _untried(self, steps: Iterator[Step]) -> Iterator[Rehearsal]:
        return (not_tried(step.migration) for step in steps if step.migration is not None)

    @contextmanager
    def _scratch(self) -> Iterator[tuple[Ground, tuple[Step, ...]]]:
        settings = replace(self.settings, limits=_LIMITS)
        with ExitStack() as stack:
            session = stack.enter_context(
                scratch_session(
                    settings,
                    self.layout,
                    self.files,
                    url=self.scratch_url,
                    emit=self.emit,
                    beside_target=False,
                    time_zone=self.time_zone,
                )
            )
            self.server_version = session.history.server.version_num
            actor = actor_of(settings, session.connection)
            stack.enter_context(session.history.lock(wait_s=0))
            session.history.create_tables(actor)
            plan = plan_apply(session.files, session.state, allow_out_of_order=True)
            label = self.layout.seed
            before, self.seed = self.seed, Seed.read(label, settings.label(label))
            if before is not None and self.seed is not None:
                self.seed.taken |= before.taken
            reading = stack.enter_context(closing(session.connect()))
            mirror = Mirror(reading, exclude=(settings.migration_table,))
            ground = Ground(
                hidden=tuple(session.history.names.tables),
                work=Work(history=session.history, actor=actor, connect=session.connect),
                measuring=stack.enter_context(closing(session.connect())),
                connect=session.connect,
                read=lambda: with_all_beyond(mirror.read(), reading),
                schema=with_all_beyond(Catalog(), reading),
                watch=self.statements.watch(stack.enter_context(closing(session.connect())))
                if self.statements.running or self.statements.newer
                else None,
            )
            yield ground, tuple(step for step in plan.steps if step.action is not Action.HOOK)

    def _replay(self, ground: Ground, steps: Sequence[Step]) -> None:
        if steps:
            check_plan(Plan(steps=tuple(steps)), ground.work.conn)
            run_plan(ground.work, Plan(steps=tuple(steps)))
            ground.schema = ground.read()
            if ground.watch is not None:
                ground.watch.forget()

    def _load(self, ground: Ground) -> None:
        if self.seed is not None and self.seed.waiting:
            self.seed.load(ground.measuring)
