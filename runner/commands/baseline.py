"""Set history right, where it and the database or the files have come apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from runner.engine.history.actor import actor_of
from runner.engine.history.encoding import require_storable
from runner.engine.history.message import Record
from runner.engine.history.neighbours import find_neighbours
from runner.engine.history.order import in_order
from runner.engine.history.state import Operation
from runner.engine.plan import resolve_id
from runner.errors import CheckError, ConfigurationError, UsageError
from runner.events import Emit, Notice
from runner.files.migrations.migration import Kind, Migration
from runner.report.per_database import heading
from runner.report.terminal import Style
from runner.schema.catalog.differences import diff, only_changed, unified_diff
from runner.schema.catalog.incremental import Mirror
from runner.schema.catalog.objects import Catalog, Difference
from runner.schema.catalog.read import read as read_catalog
from runner.schema.validate.tolerance import follows_its_parent, is_of_another_tool
from runner.session.beside import others
from runner.session.recording import recording_session
from runner.session.scratch import applied_steps, build, scratch_session
from runner.session.session import Session, one_session
from runner.settings import Settings, is_ignored
from runner.wording import counted, shortened

_SHOWN = 12
_MANY = 50  # files that take more than a second or two


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A live database whose history now begins at a migration."""

    database: str
    place: str
    recorded: Sequence[str]
    differences: Sequence[Difference] = ()  # accepted ones
    set_aside: Sequence[Difference] = ()  # those that do not count
    others: str | None = None  # the histories of other tools, and how far they had come


def baseline(
    settings: Settings,
    *,
    to: str | None,
    accept: bool,
    scratch_url: str | None,
    lock_wait_s: float,
    emit: Emit,
) -> Adoption:
    """Record a live database as being where the files are at `to`, or at the newest point where the two agree.

    The catalog that the files give up to there is built in a scratch database and compared. With `accept` a
    difference is recorded over; repeatable files are then left pending, so that the next `migrate` runs them.

    With `to` history may hold entries already: what is missing of them up to there is recorded.

    Raises: CheckError when the two differ, or when history is not empty and `to` is not given.
    """
    if accept and to is None:
        raise UsageError(
            "--accept-differences needs --to",
            detail="Where the database is cannot be found by comparing when it is like no point of the files.",
            hint="Run without it to see the nearest point, then name one: --to ID --accept-differences",
        )
    with one_session(settings, emit) as session:
        if to is None:
            _refuse_history(session)
        ordered = in_order([m for m in session.files if m.kind is not Kind.HOOK])
        ids = [m.id for m in ordered]
        target = None if to is None else resolve_id(to, ids, "file")
        neighbours = find_neighbours(session.history)
        actual = read_catalog(session.connection, exclude=(settings.migration_table,), other_owners=True)
        with scratch_session(settings, session.layout, session.files, url=scratch_url, emit=emit) as scratch:
            if target is None and len(ordered) > _MANY:
                said = f"comparing the schema with what {counted(len(ordered), 'file')} give, one after the other"
                emit(Notice(name="baseline.comparing", message=said, facts={"files": len(ordered)}))
            found, differences, set_aside = _agreement(scratch, settings, ordered, target, actual)
        if differences and not accept:
            raise _disagreement(session, found, differences, others(neighbours))
        chosen = ordered[: ids.index(found) + 1]
        if differences:
            chosen = [m for m in chosen if m.kind is not Kind.REPEATABLE]
        require_storable(session.connection, chosen)
        actor = actor_of(settings, session.connection)
        with recording_session(session, actor, lock_wait_s) as record:
            if to is None:
                _refuse_history(session)
            chosen = [m for m in chosen if m.id not in session.state.applied]
            for migration in chosen:
                record(adopted(migration))
        return Adoption(
            database=session.title,
            place=session.place,
            recorded=[m.id for m in chosen],
            differences=differences,
            set_aside=set_aside,
            others=others(neighbours),
        )


def _agreement(
    scratch: Session,
    settings: Settings,
    ordered: Sequence[Migration],
    target: str | None,
    actual: Catalog,
) -> tuple[str, list[Difference], list[Difference]]:
    """Return the id to begin at, how the database differs from what the files give up to there, and what does not count."""
    if target is not None:
        given = build(scratch, settings, to=target, other_owners=True)
        return target, *_counting(given, actual, settings)
    nearest: tuple[str, list[Difference], list[Difference]] | None = None
    equal: list[str] = []
    for id_, given in _step_by_step(scratch, settings, ordered):
        differences, set_aside = _counting(given, actual, settings)
        if not differences:
            equal.append(id_)
        if nearest is None or _extent(differences) < _extent(nearest[1]):
            nearest = (id_, differences, set_aside)
    if nearest is None:
        raise ConfigurationError("no files to begin at")
    if len(equal) > 1:
        raise CheckError(
            f"the schema is what the files give up to {equal[0]} and up to {equal[-1]}",
            detail=f"What lies between changes data only. Candidates: {', '.join(equal)}. Nothing was recorded.",
            hint="Say which were done already: --to ID",
        )
    return nearest


def _step_by_step(
    scratch: Session, settings: Settings, ordered: Sequence[Migration]
) -> Iterator[tuple[str, Catalog]]:
    """Yield the id of each file with the schema that the files up to it give; only what it touched is read again."""
    with closing(scratch.connect()) as reading:
        mirror = Mirror(reading, exclude=(settings.migration_table,))
        ids = {migration.id for migration in ordered}
        for id_ in applied_steps(scratch, settings):
            if id_ in ids:
                yield id_, mirror.read()


def _counting(
    expected: Catalog, actual: Catalog, settings: Settings
) -> tuple[list[Difference], list[Difference]]:
    """Return the differences that decide, and those that are set aside.

    Set aside are notes, such as the order of a table's columns, what `--ignore` names, and partitions that follow their
    parent. Other tools' histories are neither: they are named beside.
    """
    found = [
        difference
        for difference in diff(*only_changed(expected, actual))
        if difference.kind != "owner" and not is_of_another_tool(difference)
    ]
    set_aside = [
        difference
        for difference in found
        if difference.is_note
        or is_ignored(settings.ignore, difference.kind, difference.identity)
        or follows_its_parent(difference)
    ]
    return sorted((d for d in found if d not in set_aside), key=str), set_aside


def _extent(differences: Sequence[Difference]) -> int:
    """Return how many lines of SQL differ: a missing table weighs more than a changed column."""
    return sum(len((text or "").splitlines()) for d in differences for text in (d.expected_sql, d.actual_sql))


def _refuse_history(session: Session) -> None:
    """Refuse a database with versioned migrations; repeatables may have been run by a `migrate` that then failed."""
    repeatable = {m.id for m in session.files if m.kind is Kind.REPEATABLE}
    applied = [id_ for id_ in session.state.applied if id_ not in repeatable]
    if applied:
        raise CheckError(
            f"{session.title} has a history already, up to {applied[-1]}",
            detail="Nothing was changed.",
            hint="To record pending files whose work the database already holds, made by hand or by files that were "
            "squashed into them, name the last of them: runner baseline --to ID",
        )


def _disagreement(
    session: Session, found: str, differences: Sequence[Difference], tools: str | None
) -> CheckError:
    shown = [str(difference) for difference in differences[:_SHOWN]]
    if len(differences) > _SHOWN:
        shown.append(f"… and {len(differences) - _SHOWN} more")
    return CheckError(
        f"the schema of {session.title} differs from what the files give up to {found}",
        detail="\n".join(
            (
                "Nothing was recorded. In the database, compared with the files:",
                *shown,
                *([] if tools is None else [f"{tools[:1].upper()}{tools[1:]}."]),
                "",
                *_as_sql(differences, found),
            )
        ),
        hint="What is not this project's is set aside with --ignore 'table:schema.*'. Choose another beginning with --to,"
        " correct the database, or record it anyway with --accept-differences: repeatable files are then run by the"
        " next migrate, and you must fix the remaining differences yourself.",
    )


def _as_sql(differences: Sequence[Difference], found: str) -> list[str]:
    """Return the differences as unified diffs, "-" the files, "+" the database."""
    return [
        line
        for difference in differences
        for line in unified_diff(
            difference.expected_sql or "",
            difference.actual_sql or "",
            f"{difference.kind} {difference.identity} of the files up to {found}",
            f"{difference.kind} {difference.identity} of the database",
        ).splitlines()
    ]


def adopted(
    migration: Migration,
    *,
    operation: Operation = Operation.BASELINE,
    again: bool = False,
    old_id: str | None = None,
    reason: str | None = None,
) -> Record:
    """Return what is recorded of a migration that was applied elsewhere."""
    undo = None if migration.irreversible is not None else migration.rollback
    return Record(
        id=migration.id,
        operation=operation,
        old_id=old_id,
        again=again,
        kind=migration.kind.value,
        checksum=migration.checksum,
        text=migration.apply.text,
        rollback_text=None if undo is None else undo.text,
        rollback_transactional=undo is None or undo.transactional,
        reason=reason,
        elapsed_ms=None,
    )


def text(result: Adoption, style: Style) -> Iterator[str]:
    """Yield what a baseline recorded."""
    yield heading(result.database, result.place, style)
    for id_ in result.recorded:
        yield f"  {style('recorded', 'green')}  {id_}"
    for difference in result.differences:
        yield f"  {style('accepted', 'yellow')}  {difference}"
    if result.set_aside:
        yield f"  set aside: {shortened([str(difference) for difference in result.set_aside])}"
    yield f"  {counted(len(result.recorded), 'migration')} recorded as applied, none was run"
    if result.others is not None:
        yield f"  {result.others}; runner does not read or change it"


def as_json(result: Adoption) -> dict[str, Any]:
    """Return what a baseline recorded."""
    return {
        "database": result.database,
        "recorded": list(result.recorded),
        "others": result.others,
        "differences": [str(difference) for difference in result.differences],
        "set_aside": [str(difference) for difference in result.set_aside],
    }
