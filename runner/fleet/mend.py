"""Set history right, where it and the database or the files have come apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from runner import catalog
from runner.catalog import Difference
from runner.errors import CheckError, ConfigurationError, UsageError
from runner.events import Say
from runner.fleet.beside import others
from runner.fleet.scratch import build, scratch_session
from runner.fleet.session import Session, actor_of, open_sessions
from runner.history import Actor, Operation, Record, find_neighbours, in_order, recording
from runner.history.names import YOYO_LOCK
from runner.migrations import Kind, Migration
from runner.plan import resolve_id
from runner.settings import Settings
from runner.validate.judging import is_ignored, is_of_another_tool
from runner.validate.partitions import follows_its_parent

_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A live database whose history now begins at a migration."""

    database: str
    place: str
    recorded: Sequence[str]
    differences: Sequence[Difference] = ()  # accepted ones
    others: str | None = None  # the histories of other tools, and how far they had come


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """One change to history."""

    database: str
    place: str
    operation: Operation
    id: str
    old_id: str | None = None
    what: str | None = None  # of a file that was run in part


def baseline(
    settings: Settings, *, to: str | None, accept: bool, scratch_url: str | None, lock_wait_s: float, say: Say
) -> Adoption:
    """Record a live database as being where the files are at `to`, or at the newest point where the two agree.

    The catalogue that the files give up to there is built in a scratch database and compared. With `accept` a
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
    with one_session(settings, say) as session:
        if to is None:
            _refuse_history(session)
        ordered = in_order([m for m in session.files if m.kind is not Kind.HOOK])
        ids = [m.id for m in ordered]
        target = None if to is None else resolve_id(to, ids, "file")
        neighbours = find_neighbours(session.history)
        actual = catalog.read(session.connection, exclude=(settings.migration_table,))
        with scratch_session(settings, session.layout, session.files, url=scratch_url, say=say) as scratch:
            found, differences = _agreement(scratch, settings, ordered, target, actual)
        if differences and not accept:
            raise _disagreement(session, found, differences, others(neighbours))
        chosen = ordered[: ids.index(found) + 1]
        if differences:
            chosen = [m for m in chosen if m.kind is not Kind.REPEATABLE]
        actor = actor_of(settings)
        with recording_session(session, actor, lock_wait_s) as record:
            if to is None:
                _refuse_history(session)
            chosen = [m for m in chosen if m.id not in session.state.applied]
            for migration in chosen:
                record(_adopted(migration))
        return Adoption(
            database=session.title,
            place=session.place,
            recorded=[m.id for m in chosen],
            differences=differences,
            others=others(neighbours),
        )


def accept(settings: Settings, id_: str, *, reason: str, lock_wait_s: float, say: Say) -> Mended:
    """Take an edited file for what had been applied.

    Raises: UsageError when there is no such file, or it is not applied.
    """
    with one_session(settings, say) as session:
        id_ = resolve_id(id_, list(session.state.applied), "applied migration")
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
        with recording_session(session, actor_of(settings), lock_wait_s) as record:
            record(_adopted(migration, operation=Operation.ACCEPT, again=True, reason=reason))
        return Mended(database=session.title, place=session.place, operation=Operation.ACCEPT, id=id_)


def forget(
    settings: Settings, wanted: Sequence[str], *, reason: str, lock_wait_s: float, say: Say
) -> list[Mended]:
    """Take migrations out of history without undoing them.

    Raises: UsageError when one is not applied; CheckError when its file is there, for it would be applied again.
    """
    with one_session(settings, say) as session:
        ids = [resolve_id(id_, list(session.state.applied), "applied migration") for id_ in wanted]
        for id_ in ids:
            if any(m.id == id_ for m in session.files):
                raise CheckError(
                    f"{id_} still has its file: forgotten, it would be applied again",
                    detail="Nothing was changed.",
                    hint="Remove the file first, or undo the migration with: runner rollback",
                )
        with recording_session(session, actor_of(settings), lock_wait_s) as record:
            for id_ in ids:
                record(Record(id=id_, operation=Operation.FORGET, reason=reason, elapsed_ms=None))
        return [
            Mended(database=session.title, place=session.place, operation=Operation.FORGET, id=id_)
            for id_ in ids
        ]


def rename(settings: Settings, old: str, new: str, *, reason: str, lock_wait_s: float, say: Say) -> Mended:
    """Record that an applied migration's file has another name now.

    Raises: UsageError when the old one is not applied or the new one has no file or is applied itself.
    """
    with one_session(settings, say) as session:
        old = resolve_id(old, list(session.state.applied), "applied migration")
        new = resolve_id(new, [m.id for m in session.files], "file")
        if new in session.state.applied:
            raise UsageError(f"{new} is applied itself", detail="Nothing was changed.")
        migration = next(m for m in session.files if m.id == new)
        if any(m.id == old for m in session.files):
            raise UsageError(
                f"{old} still has its file", detail="Nothing was changed.", hint="Remove or rename it first."
            )
        if session.state.applied[old].checksum not in {None, migration.checksum}:
            raise CheckError(
                f"{new} is not what was applied as {old}: the checksums differ",
                detail="Renamed, it would count as applied without having been run. Nothing was changed.",
                hint="Rename the file as it was applied, and put the change in a new migration.",
            )
        with recording_session(session, actor_of(settings), lock_wait_s) as record:
            record(_adopted(migration, operation=Operation.RENAME, old_id=old, reason=reason))
        return Mended(
            database=session.title, place=session.place, operation=Operation.RENAME, id=new, old_id=old
        )


@contextmanager
def one_session(settings: Settings, say: Say) -> Iterator[Session]:
    """Open the one database that the command is for.

    Raises: ConfigurationError when the project has several and none is named.
    """
    with open_sessions(settings, say=say) as sessions:
        if len(sessions) > 1:
            names = ", ".join(session.title for session in sessions)
            raise ConfigurationError(
                f"which database? This project has {names}",
                detail="Nothing was changed.",
                hint=f"Add --database {sessions[-1].title}",
            )
        yield sessions[0]


def _agreement(
    scratch: Session,
    settings: Settings,
    ordered: Sequence[Migration],
    target: str | None,
    actual: catalog.Catalog,
) -> tuple[str, list[Difference]]:
    """Return the id to begin at and how the database differs from what the files give up to there."""
    if target is not None:
        return target, _counting(build(scratch, settings, to=target), actual, settings)
    nearest: tuple[str, list[Difference]] | None = None
    equal: list[str] = []
    for migration in ordered:
        differences = _counting(build(scratch, settings, to=migration.id), actual, settings)
        if not differences:
            equal.append(migration.id)
        if nearest is None or _extent(differences) < _extent(nearest[1]):
            nearest = (migration.id, differences)
    if nearest is None:
        raise ConfigurationError("no files to begin at")
    if len(equal) > 1:
        raise CheckError(
            f"the schema is what the files give up to {equal[0]} and up to {equal[-1]}",
            detail=f"What lies between changes data only. Candidates: {', '.join(equal)}. Nothing was recorded.",
            hint="Say which were done already: --to ID",
        )
    return nearest


def _counting(expected: catalog.Catalog, actual: catalog.Catalog, settings: Settings) -> list[Difference]:
    """Return the differences that decide.

    Left out are notes, such as the order of a table's columns, what `--ignore` names, other tools' histories, and partitions that
    follow their parent.
    """
    return [
        difference
        for difference in catalog.diff(expected, actual)
        if not difference.is_note
        and not is_ignored(settings.ignore, difference.kind, difference.identity)
        and not follows_its_parent(difference)
        and not is_of_another_tool(difference)
    ]


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
        f"{session.title} is not what the files give up to {found}",
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
        " correct the database, or record it all the same with --accept-differences: repeatable files are then run by the"
        " next migrate, and the rest you must correct yourself.",
    )


def _as_sql(differences: Sequence[Difference], found: str) -> list[str]:
    """Return the differences as unified diffs, "-" the files, "+" the database."""
    return [
        line
        for difference in differences
        for line in catalog.unified_diff(
            difference.expected_sql or "",
            difference.actual_sql or "",
            f"{difference.kind} {difference.identity} of the files up to {found}",
            f"{difference.kind} {difference.identity} of the database",
        ).splitlines()
    ]


def _adopted(
    migration: Migration,
    *,
    operation: Operation = Operation.BASELINE,
    again: bool = False,
    old_id: str | None = None,
    reason: str | None = None,
) -> Record:
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


@contextmanager
def recording_session(
    session: Session, actor: Actor, lock_wait_s: float, *, first: Callable[[], None] = lambda: None
) -> Iterator[Callable[[Record], None]]:
    """Write to history under the migration lock, in one transaction that keeps yoyo out.

    `first` is called under the lock, before the transaction: what it runs cannot be part of one.
    """
    history = session.history
    history.require_writable()
    with session.locked(actor, wait_s=lock_wait_s):
        first()
        with session.connection.transaction():
            yield _recorder(session, actor)


def _recorder(session: Session, actor: Actor) -> Callable[[Record], None]:
    history = session.history
    session.connection.execute(
        sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(history.names.table(YOYO_LOCK))
    )

    def record(entry: Record) -> None:
        session.connection.execute(recording(history.names, entry, actor))

    return record
