"""Pure: files and history in, a plan out; refuses what must not be run."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from runner.errors import CheckError, FileError, Location, UsageError
from runner.history import Applied, Failure, Partial, State, in_order
from runner.migrations import Kind, Migration, Script
from runner.wording import counted, nearest


class Action(Enum):
    """What a step does."""

    APPLY = "apply"
    REAPPLY = "reapply"  # a repeatable whose file changed
    HOOK = "hook"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One file to run and what to record of it."""

    action: Action
    id: str
    script: Script
    migration: Migration | None  # None: rolled back from the SQL in history, the file is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps in their order; empty when nothing is to do."""

    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # applied, but their files are gone
    left: int = 0  # steps that --to or --steps left pending


def remaining(plan: Plan, state: State) -> Plan:
    """Return what is still to do of a plan that was interrupted at an unknown point."""
    steps = [step for step in plan.steps if step.action is Action.HOOK or not is_done(step, state)]
    if all(step.action is Action.HOOK for step in steps) and not state.hook_due:
        steps = []
    return replace(plan, steps=tuple(steps))


def is_done(step: Step, state: State) -> bool:
    """Say whether history holds the outcome of a step that was to be run."""
    entry = state.applied.get(step.id)
    if step.action is Action.ROLLBACK:
        return entry is None
    return entry is not None and (step.action is Action.APPLY or entry.checksum == step.script.checksum)


class Situation(Enum):
    """How a migration's file and history stand to each other."""

    APPLIED = "applied"
    PENDING = "pending"
    OUT_OF_ORDER = "out of order"  # pending, below the newest applied one
    FAILED = "failed"  # pending, and its last attempt failed
    PARTIAL = (
        "partial"  # applied or rolled back in part: its file is not one transaction, and it was interrupted
    )
    OUTDATED = "outdated"  # a repeatable whose file changed
    EDITED = "edited"  # a versioned file that changed after it was applied
    MISSING = "missing"  # applied, the file is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One migration in the comparison of files and history."""

    id: str
    situation: Situation
    migration: Migration | None = None
    applied: Applied | None = None
    failure: Failure | None = None
    partial: Partial | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every migration of files or history, in the order of the files."""

    standings: tuple[Standing, ...]
    hooks: tuple[Migration, ...] = field(default=())

    def all_in(self, *situations: Situation) -> list[Standing]:
        """Return the standings in one of these situations."""
        return [standing for standing in self.standings if standing.situation in situations]


def compare(files: Sequence[Migration], state: State) -> Comparison:
    """Set files and history side by side."""
    applied = state.applied
    known = [m for m in files if m.kind is not Kind.HOOK]
    if all(m.id in applied for m in known):
        place = {id_: n for n, id_ in enumerate(applied)}  # nothing is pending: history has the order
        ordered = sorted(known, key=lambda m: place[m.id])
    else:
        ordered = in_order(known)
    newest = max(
        (n for n, m in enumerate(ordered) if m.id in applied and m.kind is not Kind.REPEATABLE), default=-1
    )
    standings = [
        _standing(m, applied.get(m.id), state, below_newest=n < newest) for n, m in enumerate(ordered)
    ]
    ids = {m.id for m in known}
    missing = [
        Standing(id=entry.id, situation=Situation.MISSING, applied=entry, partial=state.partial.get(entry.id))
        for entry in applied.values()
        if entry.id not in ids
    ]
    missing += [
        Standing(id=entry.id, situation=Situation.PARTIAL, partial=entry)
        for entry in state.partial.values()
        if entry.id not in ids and entry.id not in applied
    ]
    hooks = tuple(m for m in files if m.kind is Kind.HOOK)
    return Comparison(standings=(*missing, *standings), hooks=hooks)


def _standing(migration: Migration, applied: Applied | None, state: State, *, below_newest: bool) -> Standing:
    failure, partial = state.failed.get(migration.id), state.partial.get(migration.id)
    if partial is not None:
        situation = Situation.PARTIAL
    elif applied is None:
        late = below_newest and migration.kind is not Kind.REPEATABLE
        situation = (
            Situation.OUT_OF_ORDER if late else Situation.PENDING if failure is None else Situation.FAILED
        )
    elif applied.checksum in {None, migration.checksum}:
        situation = Situation.APPLIED
    elif migration.kind is Kind.REPEATABLE:
        situation = Situation.OUTDATED
    else:
        situation = Situation.EDITED
    return Standing(
        id=migration.id,
        situation=situation,
        migration=migration,
        applied=applied,
        failure=failure,
        partial=partial,
    )


def plan_apply(
    files: Sequence[Migration],
    state: State,
    *,
    to: str | None = None,
    steps: int | None = None,
    allow_out_of_order: bool = False,
    stored_sql: Callable[[str], str | None] = lambda _: None,
    begun_sql: Callable[[str], str | None] = lambda _: None,
) -> Plan:
    """Choose what is pending, in yoyo's order.

    `stored_sql` gives the SQL of an applied migration, `begun_sql` that of one that is applied in part, for the diff of
    an edited one.

    Raises: CheckError for an edited, renamed or out-of-order file; UsageError for an unknown `to`; FileError for a
    pending file that cannot be run.
    """
    comparison = compare(files, state)
    edited = comparison.all_in(Situation.EDITED)
    if edited:
        raise _edited(edited, stored_sql)
    target = None if to is None else resolve_id(to, [m.id for m in files if m.kind is not Kind.HOOK], "file")
    pending = [
        standing.migration
        for standing in comparison.all_in(
            Situation.PENDING,
            Situation.FAILED,
            Situation.OUT_OF_ORDER,
            Situation.OUTDATED,
            Situation.PARTIAL,
        )
        if standing.migration is not None
    ]
    if pending:
        _refuse_partial(comparison, begun_sql)
    missing = comparison.all_in(Situation.MISSING)
    _refuse_renamed(pending, missing)
    _refuse_python(pending)
    late = comparison.all_in(Situation.OUT_OF_ORDER)
    if late and not allow_out_of_order:
        raise _out_of_order(late, comparison)
    chosen = _limit(in_order(pending), files, target, steps)
    plan_steps = [
        Step(
            action=Action.REAPPLY if m.id in state.applied else Action.APPLY,
            id=m.id,
            script=m.apply,
            migration=m,
        )
        for m in chosen
    ]
    whole = len(chosen) == len(pending)
    if whole and (plan_steps or state.hook_due):
        plan_steps += [
            Step(action=Action.HOOK, id=hook.id, script=hook.apply, migration=hook)
            for hook in comparison.hooks
        ]
    warnings = [f"{s.id} is applied, but its file is gone" for s in missing]
    return Plan(
        steps=tuple(plan_steps),
        warnings=tuple(warnings),
        missing=tuple(s.id for s in missing),
        left=len(pending) - len(chosen),
    )


def plan_rollback(
    files: Sequence[Migration],
    state: State,
    *,
    to: str | None = None,
    steps: int | None = None,
    everything: bool = False,
    stored: Callable[[str], Script | None] = lambda _: None,
) -> Plan:
    """Choose what is undone: the newest applied first, one step unless told otherwise.

    `stored` gives the undoing SQL that history keeps, for a migration whose file is gone.

    What depends on another goes before it, also when it was applied earlier: a repeatable may have come to depend on
    a newer migration.

    Raises: CheckError when one of them cannot be undone; UsageError for an unknown `to`.
    """
    by_id = {m.id: m for m in files}
    newest_first = _dependents_first([entry.id for entry in state.newest_first()], by_id)
    if to is not None:
        target = resolve_id(to, newest_first, "applied migration")
        chosen = newest_first[: newest_first.index(target)]
    else:
        chosen = newest_first if everything else newest_first[: 1 if steps is None else steps]
    _refuse_half_applied(state, chosen)
    plan_steps = [
        Step(
            action=Action.ROLLBACK,
            id=id_,
            script=_undo(id_, by_id.get(id_), stored),
            migration=by_id.get(id_),
        )
        for id_ in chosen
    ]
    return Plan(steps=tuple(plan_steps))


def resolve_id(wanted: str, ids: Sequence[str], noun: str) -> str:
    """Return the id that `wanted` names: whole, or by a beginning that only one has.

    Raises: UsageError when none or several fit.
    """
    wanted = wanted.removesuffix(".sql")
    if wanted in ids:
        return wanted
    fitting = [id_ for id_ in ids if id_.startswith(wanted)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(
            f'"{wanted}" fits {counted(len(fitting), "migration")}',
            detail=", ".join(fitting[:5]) + (", …" if len(fitting) > 5 else ""),
            hint="Write more of the id.",
        )
    raise UsageError(f'no {noun} "{wanted}"', hint=nearest(wanted, ids) or "See the ids with: runner status")


def _limit(
    pending: list[Migration], files: Sequence[Migration], target: str | None, steps: int | None
) -> list[Migration]:
    if target is not None:
        order = {m.id: n for n, m in enumerate(in_order(files))}
        pending = [m for m in pending if order[m.id] <= order[target]]
    return pending if steps is None else pending[:steps]


def _undo(id_: str, migration: Migration | None, stored: Callable[[str], Script | None]) -> Script:
    if migration is not None and migration.irreversible is not None:
        raise CheckError(
            f"{id_} is irreversible: {migration.irreversible}",
            where=Location(migration.apply.label),
            detail="Nothing was rolled back.",
            hint="Roll back less, or write a new migration that leads onward.",
        )
    if migration is not None and migration.rollback is not None:
        return migration.rollback
    script = stored(id_)
    if script is None:
        raise CheckError(
            f"{id_} has no rollback",
            where=None if migration is None else Location(migration.apply.label),
            detail="Neither a file nor history holds SQL that undoes it. Nothing was rolled back.",
            hint=f"Write {id_}.rollback.sql; or, if there is no way back, -- irreversible: reason in the migration."
            if migration is not None
            else f'Restore both files; or take it out of history as it is: runner repair forget {id_} --reason "…"',
        )
    return script


def _dependents_first(newest_first: Sequence[str], files: Mapping[str, Migration]) -> list[str]:
    applied = set(newest_first)
    dependents: dict[str, list[str]] = {}
    for id_ in newest_first:
        for name in files[id_].depends if id_ in files else ():
            if name in applied:
                dependents.setdefault(name, []).append(id_)
    order: dict[str, None] = {}
    for id_ in newest_first:
        waiting = [id_]
        while waiting:
            blocking = [d for d in dependents.get(waiting[-1], ()) if d not in order and d not in waiting]
            if blocking:
                waiting.append(blocking[0])
            else:
                order[waiting.pop()] = None
    return list(order)


def _refuse_partial(comparison: Comparison, begun_sql: Callable[[str], str | None]) -> None:
    """Refuse to go on where a file is half rolled back, is gone, or is not what was begun."""
    for standing in comparison.standings:
        partial = standing.partial
        if partial is None:
            continue
        if partial.direction == "rollback":
            raise CheckError(
                f"{partial.id} is rolled back in part: {_extent(partial)}",
                detail="Nothing was run.",
                hint="Finish that first: runner rollback",
            )
        if standing.migration is None:
            raise CheckError(
                f"{partial.id} is applied in part, {_extent(partial)}, and its file is gone",
                detail="Nothing was run.",
                hint="Restore the file; or, once what it did is undone by hand: "
                f'runner repair restart {partial.id} --reason "…"',
            )
        if partial.checksum != standing.migration.checksum:
            raise _edited_half_way(standing.migration, partial, begun_sql(partial.id))


def _edited_half_way(migration: Migration, partial: Partial, begun: str | None) -> CheckError:
    return CheckError(
        f"{migration.id} was edited after {_extent(partial)} had been run",
        where=Location(migration.apply.label),
        detail=f"Begun as {partial.checksum[:12]}, the file is now {migration.checksum[:12]}. Nothing was run."
        f"{_diff(begun, migration.apply, 'as begun')}",
        hint="Restore the file. If only what was not run yet is changed: "
        f'runner repair continue {migration.id} --reason "…". If what was run is undone by hand: '
        f'runner repair restart {migration.id} --reason "…"',
    )


def _refuse_half_applied(state: State, chosen: Sequence[str]) -> None:
    for partial in state.partial.values():
        if partial.direction == "apply":
            raise CheckError(
                f"{partial.id} is applied in part: {_extent(partial)}",
                detail="Nothing was rolled back.",
                hint="Finish it with runner migrate; or, once what it did is undone by hand: "
                f'runner repair restart {partial.id} --reason "…"',
            )
        if chosen[:1] != [partial.id]:
            raise CheckError(
                f"{partial.id} is rolled back in part: {_extent(partial)}",
                detail="It must be finished before anything else is rolled back. Nothing was changed.",
                hint="runner rollback --steps 1",
            )


def _extent(partial: Partial) -> str:
    return f"{partial.done} of {counted(partial.total, 'statement')}"


def _refuse_renamed(pending: Sequence[Migration], missing: Sequence[Standing]) -> None:
    gone = {s.applied.checksum: s.id for s in missing if s.applied is not None and s.applied.checksum}
    for migration in pending:
        old = gone.get(migration.checksum)
        if old is not None:
            raise CheckError(
                f"{migration.id} is {old} under another name",
                where=Location(migration.apply.label),
                detail=f"{old} is applied, its file is gone, and the two have the same checksum. Nothing was run.",
                hint=f"Rename the file back to {old}.sql, or record its new name: "
                f'runner repair rename {old} {migration.id} --reason "…"',
            )


def _refuse_python(pending: Sequence[Migration]) -> None:
    for migration in pending:
        if migration.kind is Kind.PYTHON:
            raise FileError(
                f"{migration.id} is a Python migration, and pending",
                where=Location(migration.apply.label),
                detail="Only SQL is run here; applied Python migrations of yoyo may stay.",
                hint="Write it as SQL, or apply it once with yoyo itself.",
            )


def _edited(edited: Sequence[Standing], stored_sql: Callable[[str], str | None]) -> CheckError:
    first = edited[0]
    if first.migration is None or first.applied is None:
        raise ValueError(first)
    diff = _diff(stored_sql(first.id), first.migration.apply, "as applied")
    others = f" Edited too: {', '.join(s.id for s in edited[1:])}." if edited[1:] else ""
    return CheckError(
        f"{first.id} was edited after it had been applied",
        where=Location(first.migration.apply.label),
        detail=f"Applied as {(first.applied.checksum or '')[:12]}, the file is now {first.migration.checksum[:12]}."
        f"{others} Nothing was run.{diff}",
        hint="Restore the file and put the change in a new migration. If the file is right as it is: "
        f'runner repair accept {first.id} --reason "…"',
    )


def _diff(before: str | None, script: Script, name: str) -> str:
    """Return a unified diff on lines of its own; nothing where one of the two is too large to keep."""
    if before is None or script.text is None:
        return ""
    lines = difflib.unified_diff(
        before.splitlines(), script.text.splitlines(), name, script.label, lineterm=""
    )
    return "\n" + "\n".join(lines)


def _out_of_order(late: Sequence[Standing], comparison: Comparison) -> CheckError:
    newest = [
        s.id
        for s in comparison.standings
        if s.applied is not None and s.migration is not None and s.migration.kind is not Kind.REPEATABLE
    ][-1]
    first = late[0]
    others = f" Out of order too: {', '.join(s.id for s in late[1:])}." if late[1:] else ""
    return CheckError(
        f"{first.id} is out of order: {newest} is applied already",
        where=None if first.migration is None else Location(first.migration.apply.label),
        detail=f"Databases that applied both in turn and this one could come to differ.{others} Nothing was run.",
        hint=f"Give it a number above {newest}, or apply it all the same with --allow-out-of-order.",
    )
