"""Choose what to run, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from runner.engine.history.order import in_order
from runner.engine.history.state import Applied, State
from runner.engine.plan.comparison import Situation, compare
from runner.engine.plan.refuse import (
    edited_error,
    order_in_doubt,
    order_in_doubt_error,
    out_of_order_error,
    reapplied_error,
    refuse_edited_half_way,
    refuse_half_applied,
    refuse_partial,
    refuse_problems,
    refuse_python,
    refuse_renamed,
)
from runner.engine.plan.steps import Action, Plan, Step
from runner.errors import CheckError, Location, UsageError
from runner.files.migrations.migration import Kind, Migration, Script
from runner.wording import counted, nearest

_NOTHING: Mapping[str, Script] = MappingProxyType({})


def plan_apply(
    files: Sequence[Migration],
    state: State,
    *,
    to: str | None = None,
    steps: int | None = None,
    allow_out_of_order: bool = False,
) -> Plan:
    """Choose what is pending, in yoyo's order.

    Raises: EditedError for an edited file; CheckError for a renamed or out-of-order one; UsageError for an unknown `to`; FileError for a
    pending file that cannot be run.
    """
    comparison = compare(files, state)
    edited = comparison.all_in(Situation.EDITED)
    if edited:
        raise edited_error(edited)
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
        if standing.migration is not None and standing.migration.kind is not Kind.HOOK
    ]
    refuse_partial(comparison)
    if pending:
        in_order(files)  # refuses a cycle, also with a file that is applied and stays as it is
    missing = comparison.all_in(Situation.MISSING)
    refuse_renamed(pending, missing)
    refuse_python(pending)
    hooks_run = bool(pending) or state.hook_due
    about_to_run = [*pending, *(comparison.hooks if hooks_run else ())]
    refuse_problems([problem for migration in about_to_run for problem in migration.problems])
    late = comparison.all_in(Situation.OUT_OF_ORDER)
    if late and not allow_out_of_order:
        raise out_of_order_error(late, comparison)
    chosen = _limit(in_order(pending), files, target, steps)
    plan_steps = [
        Step(
            action=Action.REAPPLY if m.id in state.applied else Action.APPLY,
            id=m.id,
            script=m.apply,
            migration=m,
            since=state.applied[m.id].last_run if m.id in state.applied else None,
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
    warnings += [
        f'{m.id} is applied, and its depends directive names "{name}", which is not a migration'
        for m in files
        if m.id in state.applied
        for name in m.unknown_depends
    ]
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
    stored: Mapping[str, Script] = _NOTHING,
) -> Plan:
    """Choose what to undo: the newest applied first, one step by default.

    `stored` is the undoing SQL that history keeps of `without_rollback`.

    What depends on another goes before it, also when it was applied earlier: a repeatable may have come to depend on
    a newer migration.

    Raises: CheckError when one of them cannot be undone, or when nothing says how far back to go and the last thing that
    was applied is a repeatable's new version, or not known for certain; UsageError for an unknown `to`.
    """
    by_id = {m.id: m for m in files}
    chosen = _chosen(by_id, state, to=to, steps=steps, everything=everything)
    refuse_half_applied(state, chosen)
    warnings: list[str] = []
    doubt = _order_in_doubt(state, files, set(chosen))
    if doubt is not None:
        if to is None and steps is None and not everything:
            raise order_in_doubt_error(*doubt)
        warnings.append(order_in_doubt(*doubt))
    again = state.reapplied_last()
    if again is not None and chosen and again.id not in chosen[:1]:
        if to is None and steps is None and not everything:
            raise reapplied_error(again, chosen[0])
        if again.id not in chosen:
            warnings.append(f"{again.id} was re-applied after these migrations, and stays as it is now")
    plan_steps = [
        Step(
            action=Action.ROLLBACK,
            id=id_,
            script=_undo(id_, by_id.get(id_), stored),
            migration=by_id.get(id_),
        )
        for id_ in chosen
    ]
    refuse_edited_half_way(state, plan_steps)
    refuse_problems([problem for step in plan_steps for problem in step.script.problems])
    return Plan(steps=tuple(plan_steps), warnings=tuple(warnings))


def without_rollback(
    files: Sequence[Migration],
    state: State,
    *,
    to: str | None = None,
    steps: int | None = None,
    everything: bool = False,
) -> list[str]:
    """Return those of what a rollback would undo for which there is no file: history may keep how.

    Raises: UsageError for an unknown `to`.
    """
    by_id = {m.id: m for m in files}
    chosen = _chosen(by_id, state, to=to, steps=steps, everything=everything)
    return [id_ for id_ in chosen if id_ not in by_id or by_id[id_].rollback is None]


def _chosen(
    files: Mapping[str, Migration], state: State, *, to: str | None, steps: int | None, everything: bool
) -> list[str]:
    newest_first = _dependents_first([entry.id for entry in state.newest_first()], files)
    if to is not None:
        return newest_first[: newest_first.index(resolve_id(to, newest_first, "applied migration"))]
    return newest_first if everything else newest_first[: 1 if steps is None else steps]


def _order_in_doubt(
    state: State, files: Sequence[Migration], chosen: set[str]
) -> tuple[Applied, Applied] | None:
    """Return what stock yoyo applied and another, of which one is chosen, where it is not certain which of them was first.

    Of yoyo's own there is only the time: it is in doubt where it is the other's too, where the numbers of history show that
    the clock went back, and where the files are in another order, as after such a clock or when one was applied late.
    """
    place = {id_: n for n, id_ in enumerate(state.applied)}
    in_files = {m.id: n for n, m in enumerate(in_order(files)) if m.kind is Kind.VERSIONED}
    for entry in state.applied.values():
        if entry.first_run is not None:
            continue
        for other in state.applied.values():
            if (entry.id in chosen) == (other.id in chosen):
                continue
            by_clock = entry.applied_at > other.applied_at
            is_later = place[entry.id] > place[other.id]
            by_file = is_later
            if other.first_run is not None and entry.id in in_files and other.id in in_files:
                by_file = in_files[entry.id] > in_files[other.id]
            if entry.applied_at == other.applied_at or by_clock != is_later or by_file != is_later:
                return entry, other
    return None


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
            hint="Give more of the id.",
        )
    raise UsageError(f'no {noun} "{wanted}"', hint=nearest(wanted, ids) or "See the ids with: runner status")


def _limit(
    pending: list[Migration], files: Sequence[Migration], target: str | None, steps: int | None
) -> list[Migration]:
    if target is not None:
        order = {m.id: n for n, m in enumerate(in_order(files))}
        pending = [m for m in pending if order[m.id] <= order[target]]
    return pending if steps is None else pending[:steps]


def _undo(id_: str, migration: Migration | None, stored: Mapping[str, Script]) -> Script:
    if migration is not None and migration.irreversible is not None:
        raise CheckError(
            f"{id_} is irreversible: {migration.irreversible}",
            where=Location(migration.apply.label),
            detail="Nothing was rolled back.",
            hint="Roll back less, or write a new migration that makes the change you need.",
        )
    if migration is not None and migration.rollback is not None:
        return migration.rollback
    script = stored.get(id_)
    if script is None:
        raise CheckError(
            f"{id_} has no rollback",
            where=None if migration is None else Location(migration.apply.label),
            detail="Neither a file nor history has SQL that undoes it. Nothing was rolled back.",
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
