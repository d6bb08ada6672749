"""Compare files and history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from runner.engine.history.order import in_order
from runner.engine.history.state import Applied, Failure, Partial, State
from runner.files.migrations.migration import Kind, Migration


class Situation(Enum):
    """How a migration's file and history stand to each other."""

    APPLIED = "applied"
    PENDING = "pending"
    OUT_OF_ORDER = "out of order"  # pending, below the newest applied one
    FAILED = "failed"  # pending, and its last attempt failed with the file as it is
    PARTIAL = (
        "partial"  # partly applied or rolled back: its file is not one transaction, and it was interrupted
    )
    OUTDATED = (
        "outdated"  # a repeatable whose file changed, or that depends on one that runs, or ran, after it
    )
    EDITED = "edited"  # a versioned file that changed after it was applied
    MISSING = "missing"  # applied, the file is gone


class Standing(NamedTuple):
    """One migration in the comparison of files and history."""

    id: str
    situation: Situation
    migration: Migration | None = None
    applied: Applied | None = None
    failure: Failure | None = None
    partial: Partial | None = None
    follows: str | None = None  # of one that is outdated although its file is as it was: what it depends on

    @property
    def failed_as_it_is(self) -> bool:
        """Whether the last attempt failed with the file as it is now."""
        tried = None if self.failure is None else self.failure.checksum or ""
        return tried is not None and (not tried or self.migration is None or tried == self.migration.checksum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every migration of files or history, in the order of the files."""

    standings: tuple[Standing, ...]
    hooks: tuple[Migration, ...] = field(default=())

    def all_in(self, *situations: Situation) -> list[Standing]:
        """Return the standings in one of these situations."""
        return [standing for standing in self.standings if standing.situation in situations]

    @property
    def behind(self) -> list[Standing]:
        """The standings that the next `migrate` changes, but for those that are partly applied."""
        return self.all_in(Situation.PENDING, Situation.FAILED, Situation.OUT_OF_ORDER, Situation.OUTDATED)


def compare(files: Sequence[Migration], state: State) -> Comparison:
    """Compare files and history."""
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
    standings = _with_dependents(standings, applied)
    ids = {m.id for m in known}
    hooks = tuple(m for m in files if m.kind is Kind.HOOK)
    missing = [
        Standing(
            id=entry.id,
            situation=Situation.PARTIAL if entry.id in state.partial else Situation.MISSING,
            applied=entry,
            partial=state.partial.get(entry.id),
        )
        for entry in applied.values()
        if entry.id not in ids
    ]
    missing += [
        Standing(id=entry.id, situation=Situation.PARTIAL, partial=entry)
        for entry in state.partial.values()
        if entry.id not in ids | {hook.id for hook in hooks} and entry.id not in applied
    ]
    due = [_hook(hook, state) for hook in hooks if state.hook_due or hook.id in state.partial]
    return Comparison(standings=(*missing, *standings, *due), hooks=hooks)


def _hook(hook: Migration, state: State) -> Standing:
    """Return the standing of a post-apply that has not run, or not to its end, since something was applied."""
    partial, failure = state.partial.get(hook.id), state.failed.get(hook.id)
    situation = Situation.PENDING if failure is None else Situation.FAILED
    return Standing(
        id=hook.id,
        situation=situation if partial is None else Situation.PARTIAL,
        migration=hook,
        failure=failure,
        partial=partial,
    )


def _with_dependents(standings: list[Standing], applied: Mapping[str, Applied]) -> list[Standing]:
    """Return the standings with each repeatable outdated that depends on one that is to run, or ran, after it.

    Running one again may drop what depends on it (DROP … CASCADE), or change what it was made of.
    """
    by_id = {s.id: s for s in standings if s.migration is not None and s.migration.kind is Kind.REPEATABLE}
    if not any(s.migration.depends for s in by_id.values() if s.migration is not None):
        return standings
    waiting = list(by_id)
    while waiting:
        changed = False
        for id_ in waiting:
            standing = by_id[id_]
            follows = _followed(standing, by_id, applied)
            if follows is not None:
                by_id[id_] = standing._replace(situation=Situation.OUTDATED, follows=follows)
                changed = True
        waiting = [id_ for id_ in waiting if by_id[id_].situation is Situation.APPLIED] if changed else []
    return [by_id.get(s.id, s) for s in standings]


def _followed(
    standing: Standing, repeatables: Mapping[str, Standing], applied: Mapping[str, Applied]
) -> str | None:
    """Return the repeatable after which an applied one has to run again."""
    if standing.situation is not Situation.APPLIED or standing.migration is None:
        return None
    own = applied[standing.id].last_run or 0
    for name in standing.migration.depends:
        other = repeatables.get(name)
        if other is None:
            continue
        entry = applied.get(name)
        if other.situation is not Situation.APPLIED or (entry is not None and (entry.last_run or 0) > own):
            return name
    return None


def _standing(migration: Migration, applied: Applied | None, state: State, *, below_newest: bool) -> Standing:
    failure, partial = state.failed.get(migration.id), state.partial.get(migration.id)
    if partial is not None:
        situation = Situation.PARTIAL
    elif applied is None:
        late = below_newest and migration.kind is not Kind.REPEATABLE
        tried = failure is not None and failure.checksum in {None, migration.checksum}
        situation = Situation.OUT_OF_ORDER if late else Situation.FAILED if tried else Situation.PENDING
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
