"""Turn measurements into findings about production. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from runner.errors import Location
from runner.files.sqltext.alter_table import actions
from runner.files.sqltext.identifiers import LAST_NAME
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.lock_modes import LockMode
from runner.files.sqltext.phrase import Phrase
from runner.files.sqltext.tokens import keywords
from runner.review.lint import Finding, Level
from runner.review.lint.rules import RULES
from runner.review.lint.safer import VALIDATE_NEXT, Change, bare, made_name
from runner.review.verify.rehearsal import (
    Rehearsal,
    Rename,
    StatementTrace,
    Surroundings,
    TableLock,
    Verdict,
    Way,
)
from runner.wording import counted, listed, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.errors import RunnerError
    from runner.review.verify.rehearsal import StatementTrace
    from runner.schema.catalog.objects import Difference

IN_STEPS = "Do it in steps, each in a file of its own, so that no statement runs long under a lock that blocks others."


class Matter(Enum):
    """What a finding is about; the value is its rule where `lint` has none for such a statement."""

    REWRITE = "table-rewrite"
    SCAN = "table-scan"
    BUILD = "index-not-concurrent"
    HELD = "locks-after-exclusive"
    ROWS = "change-without-where"
    DROP = "drop-column"
    RENAME = "rename-column"
    ROLLBACK = "rollback-differs"
    FAILED = "refused"
    STATEMENT = "breaks-statement"


@dataclass(frozen=True, slots=True)
class Hazard:
    """A finding, what it is about, and of which statement; 0: of the file."""

    matter: Matter
    finding: Finding
    statement: int = 0
    subject: str | None = None  # the application's statement that it is about


def hazards(rehearsal: Rehearsal, around: Surroundings | None = None) -> Iterator[Hazard]:
    """Yield what the measurement of a migration shows; with the real target's weights where they are known."""
    scales = _Scales(around)
    for trace in rehearsal.statements:
        yield from _of_statement(trace, scales)
        yield from _all_rows(trace, rehearsal.statements)
    yield from _held(rehearsal.statements, scales)
    yield from _dropped(rehearsal, scales)
    yield from _of_round_trip(rehearsal)


@dataclass(frozen=True, slots=True)
class _Scales:
    around: Surroundings | None

    def weighed(self, name: str) -> str:
        """Name a table with its weight: public.orders (41 GB, 120 writes/s)."""
        weight = None if self.around is None else self.around.weight(name)
        if weight is None:
            return name
        writes = "" if weight.writes_per_s is None else f", {weight.writes_per_s:.0f} writes/s"
        return f"{name} ({size(weight.size_bytes)}{writes})"

    def all(self, names: Sequence[str]) -> str:
        return listed([self.weighed(name) for name in names])


def _of_statement(trace: StatementTrace, scales: _Scales) -> Iterator[Hazard]:
    stopping = {lock.relation: lock.mode for lock in trace.locks if lock.mode.stops_writes}
    if not stopping or "CONCURRENTLY" in keywords(trace.text):  # which takes them for a moment only
        return
    rewritten = [name for name in trace.rewritten if name in stopping]
    if rewritten:
        yield _hazard(Matter.REWRITE, trace, stopping, rewritten, scales, "rewritten")
        return
    scanned = [name for name in trace.scanned if name in stopping]
    if trace.built and (scanned or stopping):
        yield _building(trace, stopping, scanned or list(stopping), scales)
    elif scanned:
        yield _hazard(Matter.SCAN, trace, stopping, scanned, scales, "scanned")
    elif trace.scanned or trace.rewritten:
        yield from _beside(trace, scales)


def _beside(trace: StatementTrace, scales: _Scales) -> Iterator[Hazard]:
    """Yield that a statement, of code most likely, locks one table against everyone and works on another."""
    locks = [lock for lock in trace.locks if lock.mode.stops_reads]
    if locks:
        found = _found(
            Matter.HELD,
            trace,
            f"{_locks(locks, scales)} while {_work(trace)}",
            f"Every query of {listed([lock.relation for lock in locks])} waits meanwhile.",
        )
        yield replace(found, finding=replace(found.finding, level=Level.WARNING))


def _hazard(
    matter: Matter,
    trace: StatementTrace,
    modes: dict[str, LockMode],
    names: Sequence[str],
    scales: _Scales,
    done: str,
) -> Hazard:
    are = "it is" if len(names) == 1 else "they are"
    return _found(
        matter,
        trace,
        f"{_each_mode(modes, names, scales)} while {are} {done}",
        f"{_who_waits(modes, names)} until it has finished; the larger the table, the longer.",
    )


def _building(
    trace: StatementTrace, modes: dict[str, LockMode], names: Sequence[str], scales: _Scales
) -> Hazard:
    is_ = "is" if len(trace.built) == 1 else "are"
    return _found(
        Matter.BUILD,
        trace,
        f"{_each_mode(modes, names, scales)} while {listed(trace.built)} {is_} built",
        f"{_who_waits(modes, names)} until it has finished; the larger the table, the longer.",
    )


def _each_mode(modes: dict[str, LockMode], names: Sequence[str], scales: _Scales) -> str:
    """Name each lock with the tables that are under just this one, the strongest first."""
    return listed(
        [
            f"{mode} on {scales.all([name for name in names if modes[name] is mode])}"
            for mode in sorted({modes[name] for name in names}, reverse=True)
        ]
    )


def _who_waits(modes: dict[str, LockMode], names: Sequence[str]) -> str:
    unreadable = [name for name in names if modes[name].stops_reads]
    others = [name for name in names if not modes[name].stops_reads]
    parts = []
    if unreadable:
        parts.append(f"Every query of {listed(unreadable)} waits")
    if others:
        parts.append(f"INSERT, UPDATE and DELETE of {listed(others)} wait")
    return listed(parts)


def _found(matter: Matter, trace: StatementTrace, message: str, effect: str) -> Hazard:
    rule, hint = safer_form(trace)
    finding = Finding(rule=rule or matter.value, message=message, where=trace.where, effect=effect, hint=hint)
    return Hazard(matter, finding, trace.number)


def _all_rows(trace: StatementTrace, statements: Sequence[StatementTrace]) -> Iterator[Hazard]:
    words = keywords(trace.text)
    if words[:1] not in (["UPDATE"], ["DELETE"]) or "WHERE" in words or not trace.scanned:
        return
    name = listed(trace.scanned)
    later = next(
        (t for t in statements if t.number > trace.number and t.strongest and t.strongest.mode.stops_reads),
        None,
    )
    effect = "Each row is locked until the file has finished, the old rows are left for vacuum, and replicas lag behind."
    if later is not None:
        effect += f" Line {later.where.line} then asks for {later.strongest} in the same transaction."
    yield _found(Matter.ROWS, trace, f"{words[0]} of every row of {name} in one transaction", effect)


def _held(statements: Sequence[StatementTrace], scales: _Scales) -> Iterator[Hazard]:
    """Yield for each lock that stops somebody the first later statement that works while it is held."""
    told: set[str] = set()
    for trace in statements:
        kept = [lock for lock in trace.held if lock.mode.stops_reads and lock.relation not in told]
        work = _work(trace)
        if not kept or work is None:
            continue
        told |= {lock.relation for lock in kept}
        finding = Finding(
            rule=Matter.HELD.value,
            level=Level.WARNING,
            message=f"{_locks(kept, scales)} still held while {work}",
            where=trace.where,
            effect="Every query of it waits for this statement, although it does not need the lock.",
            hint="Move it to a file of its own: each file is a transaction, and its locks end with it.",
        )
        yield Hazard(Matter.HELD, finding, trace.number)


def _locks(locks: Sequence[TableLock], scales: _Scales) -> str:
    return listed([f"{lock.mode} on {scales.weighed(lock.relation)}" for lock in locks])


def _work(trace: StatementTrace) -> str | None:
    """Return what a statement does that takes long on a large table."""
    if trace.rewritten:
        return f"{listed(trace.rewritten)} {_is(trace.rewritten)} rewritten"
    if trace.built:
        return f"{listed(trace.built)} {_is(trace.built)} built"
    if trace.scanned:
        return f"{listed(trace.scanned)} {_is(trace.scanned)} scanned"
    words = keywords(trace.text)[:1]
    if words in (["UPDATE"], ["DELETE"], ["MERGE"]) and trace.rows:
        return f"{counted(trace.rows, 'row')} {'is' if trace.rows == 1 else 'are'} changed"
    return None


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _dropped(rehearsal: Rehearsal, scales: _Scales) -> Iterator[Hazard]:
    for trace in rehearsal.statements:
        for rename in trace.renamed:
            yield _renamed(rename, trace)
        for dropped in trace.dropped:
            yield _lost(dropped, trace, rehearsal, scales)


def _renamed(rename: Rename, trace: StatementTrace) -> Hazard:
    is_moved = not rename.is_column and _LAST_NAME.sub("", rename.old) != _LAST_NAME.sub("", rename.new)
    last = _LAST_NAME.search(rename.new)
    new = rename.new if rename.is_column or is_moved or last is None else last[0].removeprefix(".")
    found = _found(
        Matter.RENAME,
        trace,
        f"{rename.old} is renamed to {new} for all running code at once",
        "Deployed code still uses the old name and fails until it is replaced. After a rollback the new code fails in the same way.",
    )
    return replace(
        found, finding=replace(found.finding, rule=f"rename-{'column' if rename.is_column else 'table'}")
    )


def _lost(dropped: str, trace: StatementTrace, rehearsal: Rehearsal, scales: _Scales) -> Hazard:
    back = (
        "no rollback restores it"
        if rehearsal.rollback_path is None
        else "its rollback recreates it, but empty"
    )
    kind, _, name = dropped.partition(" ")
    table = name if kind == "table" else _LAST_NAME.sub("", name)
    found = _found(
        Matter.DROP,
        trace,
        f"{dropped} is dropped with its data: {back}",
        f"Deployed code that still uses it fails; the data of {scales.weighed(table)} is only in backups.",
    )
    return replace(found, finding=replace(found.finding, rule=f"drop-{kind}"))


_LAST_NAME = re.compile(LAST_NAME)


_REFUSED = {
    Way.APPLY: "the server refuses the migration",
    Way.ROLLBACK: "the server refuses its rollback",
    Way.APPLY_AGAIN: "it cannot be applied again after its rollback",
}


def _of_round_trip(rehearsal: Rehearsal) -> Iterator[Hazard]:
    trip = rehearsal.round_trip
    back = Location(rehearsal.rollback_path or rehearsal.path)
    next_time = ""
    if trip.error is not None and trip.after_rollback:
        next_time = f" The next run then fails: {trip.error.message}."
    elif trip.error is not None and trip.failed_on is not None:
        yield Hazard(Matter.FAILED, _refusal(trip.error, trip.failed_on, rehearsal))
    if trip.verdict is Verdict.NO_ROLLBACK:
        yield about_rollback(
            "rollback-missing",
            f"{rehearsal.id} cannot be undone",
            Location(rehearsal.path),
            "If the release fails, only a backup can restore the database.",
            f"Write {rehearsal.id}.rollback.sql; or, if there is no way back, -- irreversible: reason in the file.",
        )
    if trip.after_rollback:
        left = listed([str(difference) for difference in trip.after_rollback])
        yield about_rollback(
            "rollback-differs",
            f"the rollback does not restore the schema: {left}",
            _place(rehearsal, trip.after_rollback),
            f"After a rollback the schema differs from the one that the earlier code was tested with.{next_time}",
            f"Undo in {back.path} all that the migration does, last first; it leaves:\n{trip.rollback_diff}".rstrip(),
        )
    if trip.after_again:
        left = listed([str(difference) for difference in trip.after_again])
        yield about_rollback(
            "apply-again-differs",
            f"applied again after its rollback, it gives another schema: {left}",
            Location(rehearsal.path),
            "A release that was rolled back and repeated differs from the one that was tested.",
            "Make the rollback undo what the migration does, or make the migration independent of the earlier state.",
        )


def _place(rehearsal: Rehearsal, left: Sequence[Difference]) -> Location:
    """Return the statement that creates what the rollback forgets, or else the rollback."""
    names = {re.split(r" on |\(", difference.identity)[0].rpartition(".")[2] for difference in left}
    making = (t.where for t in rehearsal.statements if any(_says(t.text, name) for name in names))
    return next(making, Location(rehearsal.rollback_path or rehearsal.path))


def _says(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text, re.IGNORECASE) is not None


def _refusal(error: RunnerError, way: Way, rehearsal: Rehearsal) -> Finding:
    path = rehearsal.rollback_path if way is Way.ROLLBACK and rehearsal.rollback_path else rehearsal.path
    return Finding(
        rule="refused",
        message=f"{_REFUSED[way]}: {error.message}",
        where=error.where or Location(path),
        effect=error.detail,
        hint=error.hint,
    )


def about_rollback(
    rule: str, message: str, where: Location, effect: str, hint: str, *, level: Level = Level.ERROR
) -> Hazard:
    """Return a finding about the rollback of a migration."""
    found = Finding(rule=rule, level=level, message=message, where=where, effect=effect, hint=hint)
    return Hazard(Matter.ROLLBACK, found)


def safer_form(trace: StatementTrace) -> tuple[str | None, str]:
    """Return the lint rule about such a statement, and what to write instead, as SQL if possible."""
    for change in _changes(trace):
        for rule in RULES:
            form = rule.safer_form(change)
            if form is not None:
                return rule.id, form
        if change.verb == "ADD PRIMARY" and change.has("USING", "INDEX") >= 0:
            return "table-scan", _no_null_proven(change)
    return None, IN_STEPS


def _changes(trace: StatementTrace) -> Iterator[Change]:
    """Yield the statement, or each action of an ALTER TABLE."""
    phrase = Phrase(next(iter(statements(trace.text))))
    partitioned = {
        bare(lock.relation)
        for lock in trace.locks
        if lock.kind == "partitioned table" and lock.mode.stops_writes
    }
    for action in actions(phrase) if phrase.kind == "ALTER TABLE" else (None,):
        yield Change(phrase, action, bool(trace.rewritten), partitioned)


def _no_null_proven(change: Change) -> str:
    table = change.table
    name = made_name(table, "not_null")
    return (
        f"-- a column of the index may hold NULL, so that the table is scanned for it; prove first that it does not:\n"
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (… IS NOT NULL) NOT VALID;\n"
        f"{VALIDATE_NEXT}\nALTER TABLE {table} VALIDATE CONSTRAINT {name};\n"
        f"-- in the one after it; with the valid CHECK nothing is scanned:\n"
        f"ALTER TABLE {table} ALTER COLUMN … SET NOT NULL;\n{change.text(0)};\n"
        f"ALTER TABLE {table} DROP CONSTRAINT {name};"
    )
