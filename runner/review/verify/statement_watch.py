"""Plan the application's statements again after each statement of a migration, and keep what became worse."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from runner.errors import Location
from runner.files.named_statements import NamedStatement
from runner.files.sqltext.tokens import keywords
from runner.review.verify.rehearsal import StatementTrace
from runner.review.verify.statement_breaks import Break, breaks
from runner.review.verify.statement_plans import Plan, Planner

# these change only the relations that they lock
_OF_ITS_RELATIONS = (
    ["ALTER", "TABLE"],
    ["CREATE", "INDEX"],
    ["CREATE", "UNIQUE"],
    ["DROP", "INDEX"],
    ["CREATE", "TRIGGER"],
    ["DROP", "TRIGGER"],
    ["CREATE", "POLICY"],
    ["DROP", "POLICY"],
)
_CHANGES_NO_SCHEMA = frozenset({"INSERT", "UPDATE", "DELETE", "COMMENT", "ANALYZE", "VACUUM", "SET"})
_RENAMES = frozenset({"RENAME", "SCHEMA"})


@dataclass(slots=True)
class StatementWatch:
    """The statements of the release that runs, and of the one that follows, in one scratch database."""

    planner: Planner
    running: Sequence[NamedStatement]
    newer: Sequence[NamedStatement] = ()
    found: list[Break] = field(default_factory=list)
    _steps: list[tuple[list[tuple[StatementTrace, set[str]]], Mapping[str, Plan]]] = field(
        default_factory=list
    )
    _now: dict[str, Plan] = field(default_factory=dict)
    _before: Mapping[str, Plan] = field(default_factory=dict)  # the file
    _newer_applied: Mapping[str, Plan] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin a file, in the database as it is."""
        self.found, self._steps = [], []
        if not self._now:
            self._now = self.planner.plan(self.running)
        self._before = dict(self._now)

    def plans(self) -> Iterator[tuple[str, Plan]]:
        """Yield the plans from before and after the file, by name."""
        yield from self._before.items()
        yield from self._now.items()

    def forget(self) -> None:
        """Forget the plans: the database was changed by what was not watched."""
        self._now = {}

    def after(self, traces: Sequence[StatementTrace]) -> None:
        """Note what statements of the file seem to have done: it places what `committed` finds."""
        looked_at = [self._concerned(trace) for trace in traces]
        names = {statement.name for chosen in looked_at for statement in chosen}
        now = self.planner.plan([s for s in self.running if s.name in names])
        together = [(t, {s.name for s in chosen}) for t, chosen in zip(traces, looked_at, strict=True)]
        self._steps.append((together, now))

    def committed(self, path: str) -> None:
        """Look at what the application has before it once the whole file, or what commits by itself of it, is in effect."""
        self._now = self.planner.plan(self.running)
        for item in breaks(self.running, self._before, self._now, where=Location(path)):
            trace = self._cause(item)
            placed = item if trace is None else replace(item, where=trace.where, number=trace.number)
            self.found.append(placed)

    def _cause(self, item: Break) -> StatementTrace | None:
        """Return the statement of the file after which it was so and stayed so."""
        name, cause = item.statement.name, None
        said = set(re.findall(r"\w+", item.message))
        for together, plans in self._steps:
            concerned = [trace for trace, names in together if name in names]
            if not concerned:
                continue
            kinds = {b.rule.id for b in breaks([item.statement], self._before, plans, where=item.where)}
            if item.rule.id not in kinds:
                cause = None
            elif cause is None:  # of those that were one transaction the one that names most of what is said
                cause = max(
                    concerned, key=lambda trace: len(said.intersection(re.findall(r"\w+", trace.text)))
                )
        return cause

    def applied(self) -> None:
        """Plan the statements of the next release before the file is rolled back."""
        self._newer_applied = self.planner.plan(self.newer)

    def rolled_back(self, path: str) -> None:
        """Look at what the rollback takes from the next release's statements."""
        if self.newer:
            now = self.planner.plan(self.newer)
            self.found += breaks(
                self.newer, self._newer_applied, now, where=Location(path), way="after its rollback "
            )

    def _concerned(self, trace: StatementTrace) -> Collection[NamedStatement]:
        words = keywords(trace.text)
        if words[:1] and words[0] in _CHANGES_NO_SCHEMA:
            return ()
        if words[:2] not in _OF_ITS_RELATIONS or _RENAMES.intersection(words):
            return self.running
        touched = {lock.relation.replace('"', "") for lock in trace.locks}
        return [s for s in self.running if self._depends(self._before[s.name], touched)]

    def _depends(self, plan: Plan, touched: Collection[str]) -> bool:
        return plan.error is not None or not plan.relations or not plan.relations.isdisjoint(touched)
