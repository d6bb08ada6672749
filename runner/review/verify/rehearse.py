"""Apply a migration, roll it back, apply it again; measure the first run and compare the results."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from runner.engine.apply.context import Work, record_of
from runner.engine.apply.run import run_plan
from runner.engine.history.message import recording
from runner.engine.plan import Action, Plan, Step
from runner.errors import FileError, MigrationFailedError, RunnerError
from runner.files.migrations.migration import Kind, Migration
from runner.files.migrations.units import check_script
from runner.review.verify.harmless import without_harmless
from runner.review.verify.losses import Connect, Kept, vanished
from runner.review.verify.rehearsal import Rehearsal, RoundTrip, StatementTrace, Verdict, Way
from runner.review.verify.relations import Relations
from runner.review.verify.row_changes import Rows
from runner.review.verify.statement_watch import StatementWatch
from runner.review.verify.tracing import trace_file
from runner.schema.catalog.differences import diff, only_changed, unified_diff
from runner.schema.catalog.objects import Catalog, CatalogObject, Difference
from runner.schema.catalog.read import undescribed
from runner.schema.catalog.render import HEADER
from runner.schema.catalog.render import render as render_catalog

# SQLSTATEs: a column, schema, relation, object, function exists already.
_EXISTS = frozenset({"42701", "42P06", "42P07", "42710", "42723"})


@dataclass(slots=True, kw_only=True)
class Ground:
    """A scratch database, at the point where the next migration is due."""

    work: Work  # its history, over the session that applies
    hidden: tuple[str, ...]  # history's tables
    measuring: psycopg.Connection[Any]  # another session, that is measured
    connect: Connect
    read: Callable[[], Catalog]
    schema: Catalog  # as it is
    watch: StatementWatch | None = None  # over the application's statements


def rehearse(ground: Ground, step: Step, *, as_one: bool = False) -> Rehearsal:
    """Rehearse one step; a refusal by the server is part of the result.

    Afterwards the migration is applied and recorded, unless it or its round trip failed.

    Raises: OneTransactionNeededError, with the database left half-way: start again in a new one, with `as_one`.
    """
    migration = step.migration
    if migration is None:
        raise ValueError(step)
    started = time.monotonic()
    before, existing = ground.schema, Relations.read(ground.measuring, hidden=ground.hidden)
    rows = Rows.read(ground.measuring, hidden=ground.hidden)
    traces: tuple[StatementTrace, ...] = ()
    after, way = before, Way.APPLY
    if ground.watch is not None:
        ground.watch.begin()
    try:
        check_script(step.script)
        traces = trace_file(
            ground.measuring,
            step.script,
            existing=existing,
            connect=ground.connect,
            as_one=as_one,
            committed=None if ground.watch is None else ground.watch.after,
        )
        if ground.watch is not None:
            ground.watch.committed(step.script.label)
        _record(ground, step)
        after = ground.read()
        way = Way.ROLLBACK
        trip = _there_and_back(ground, step, before, after, existing, rows)
    except (MigrationFailedError, FileError) as error:
        trip = RoundTrip(verdict=Verdict.FAILED, failed_on=way, error=error)
    except psycopg.OperationalError:  # the server is gone: nothing is known of the file
        raise
    except psycopg.Error as error:
        trip = RoundTrip(verdict=Verdict.FAILED, failed_on=way, error=_unusable(error))
    ground.schema = after
    found = _rehearsal(migration, traces, trip, before, after, started)
    return found if ground.watch is None else replace(found, breaks=tuple(ground.watch.found))


def _unusable(error: psycopg.Error) -> MigrationFailedError:
    """Return the error for a file after which our own queries fail."""
    return MigrationFailedError(
        error.diag.message_primary or str(error),
        detail="The statements of the file succeeded; after them history could not be written, or the schema not be read."
        " It happened in the scratch database, which is dropped.",
        hint="A file must not change the tables of the migration history, or the catalog.",
        sqlstate=error.sqlstate,
    )


def not_tried(migration: Migration) -> Rehearsal:
    """Return the value for a migration that comes after one that failed."""
    return _rehearsal(
        migration, (), RoundTrip(verdict=Verdict.NOT_TRIED), Catalog(), Catalog(), time.monotonic()
    )


def _there_and_back(
    ground: Ground, step: Step, before: Catalog, after: Catalog, existing: Relations, rows: Rows
) -> RoundTrip:
    migration = step.migration
    if migration is None:
        raise ValueError(step)
    if migration.irreversible is not None:
        return RoundTrip(verdict=Verdict.IRREVERSIBLE, reason=migration.irreversible)
    if migration.rollback is None:
        return RoundTrip(verdict=Verdict.NO_ROLLBACK)
    undo = Step(action=Action.ROLLBACK, id=step.id, script=migration.rollback, migration=migration)
    kept = Kept.read(ground.measuring, existing, _differences(before, after))
    dropped = vanished(ground.measuring, rows.places)
    if ground.watch is not None:
        ground.watch.applied()
    error = _run(ground, undo)
    if error is not None:
        return RoundTrip(verdict=Verdict.FAILED, failed_on=Way.ROLLBACK, error=error)
    if ground.watch is not None:
        ground.watch.rolled_back(migration.rollback.label)
    back = ground.read()
    lost = kept.lost(ground.measuring, _differences(after, back))
    now = Rows.read(ground.measuring, hidden=ground.hidden)
    counting, order, renamed = _counting(before, back)
    left, notes = without_harmless(counting, since=after)
    notes += renamed
    trip = RoundTrip(
        verdict=Verdict.PROVEN,
        after_rollback=left,
        rollback_diff=_diff(before, back, "before it", "after its rollback") if left else "",
        notes=notes,
        column_order=order,
        loses=() if migration.kind is Kind.REPEATABLE else lost.loses,
        changed_rows=tuple(rows.changes(now, dropped=dropped, recreated=lost.recreated)),
    )
    error = _run(ground, replace(step, action=Action.APPLY))
    if error is not None:
        if error.sqlstate in _EXISTS:
            error.hint = "Its rollback left it behind and must undo that too."
            if notes:
                error.hint = "Its rollback left it behind. Use IF NOT EXISTS for what no rollback can remove."
        return replace(trip, verdict=Verdict.FAILED, failed_on=Way.APPLY_AGAIN, error=error)
    again = ground.read()
    counting, order, _ = _counting(after, again)
    left, more = without_harmless(counting, since=back)
    trip = replace(
        trip,
        after_again=left,
        again_diff=_diff(after, again, "after it", "after applying it again") if left else "",
        notes=notes + tuple(note for note in more if note not in notes),
        column_order=tuple(dict.fromkeys((*trip.column_order, *order))),
    )
    return replace(trip, verdict=_verdict(trip))


def _verdict(trip: RoundTrip) -> Verdict:
    if trip.after_rollback or trip.after_again:
        return Verdict.DIFFERS
    return Verdict.ROWS_DIFFER if trip.changed_rows else Verdict.PROVEN


def _run(ground: Ground, step: Step) -> RunnerError | None:
    try:
        check_script(step.script)
        run_plan(ground.work, Plan(steps=(step,)))
    except (MigrationFailedError, FileError) as error:
        return error
    return None


def _record(ground: Ground, step: Step) -> None:
    """Record what was applied statement by statement, so that it can be rolled back as usual."""
    ground.work.conn.execute(recording(ground.work.names, record_of(step, 0), ground.work.actor))


def _differences(expected: Catalog, actual: Catalog) -> tuple[Difference, ...]:
    return tuple(diff(*only_changed(expected, actual)))


def _counting(
    expected: Catalog, actual: Catalog
) -> tuple[tuple[Difference, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the differences that decide, the tables of which only the order of the columns differs, and notes on names."""
    found = _differences(expected, actual)
    counting = tuple(difference for difference in found if not difference.is_note)
    order = tuple(d.identity.removeprefix("of ") for d in found if d.kind == "column order")
    renamed = tuple(
        f"the NOT NULL constraint {d.identity} has another name" for d in found if d.kind == "not null name"
    )
    return counting, order, renamed


def _diff(expected: Catalog, actual: Catalog, from_label: str, to_label: str) -> str:
    before, after = (render_catalog(each).removeprefix(HEADER) for each in only_changed(expected, actual))
    return unified_diff(before, after, from_label, to_label)


def _rehearsal(
    migration: Migration,
    traces: tuple[StatementTrace, ...],
    trip: RoundTrip,
    before: Catalog,
    after: Catalog,
    started: float,
) -> Rehearsal:
    return Rehearsal(
        id=migration.id,
        kind=migration.kind,
        path=migration.apply.label,
        rollback_path=None if migration.rollback is None else migration.rollback.label,
        rollback_sql=None if migration.rollback is None else migration.rollback.text,
        sql=migration.apply.text,
        transactional=migration.apply.transactional,
        statements=traces,
        round_trip=trip,
        changes=_differences(before, after),
        diff=_diff(before, after, "before it", "after it"),
        elapsed_s=time.monotonic() - started,
    )


def with_all_beyond(schema: Catalog, conn: psycopg.Connection[Any]) -> Catalog:
    """Add to a schema what a snapshot does not describe, and what belongs to the database itself.

    Some of it is known only by name: a change that keeps the name is not seen.
    """
    found = (CatalogObject(d.kind, d.identity, d.sql or f"{d.kind} {d.identity}") for d in undescribed(conn))
    return Catalog({**schema.objects, **{item.key: item for item in found}}, schema.unsupported)
