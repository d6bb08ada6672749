"""Merge lint's findings with what was measured: a measurement confirms, extends or disproves a finding. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from runner.review.lint import Finding, Level
from runner.review.verify.hazards import Hazard, Matter, hazards
from runner.review.verify.rehearsal import Rehearsal, StatementTrace, Surroundings, Verdict
from runner.review.verify.row_hazards import row_hazards
from runner.review.verify.statement_breaks import statement_hazards

_WORK = frozenset({Matter.REWRITE, Matter.SCAN, Matter.BUILD})
# Rules about a statement that a measurement can disprove.
_SUPPOSED: Mapping[str, frozenset[Matter]] = {
    **dict.fromkeys(
        (
            "column-rewrite",
            "table-rewrite",
            "change-type",
            "change-type-unknown",
            "check-not-valid",
            "foreign-key-not-valid",
            "set-not-null",
            "index-not-concurrent",
            "constraint-builds-index",
            "reindex-not-concurrent",
            "refresh-not-concurrent",
        ),
        _WORK,
    ),
    "locks-after-exclusive": frozenset({Matter.HELD}),
    "drop-table": frozenset({Matter.DROP}),
    "drop-column": frozenset({Matter.DROP}),
    "rename-table": frozenset({Matter.RENAME}),
    "rename-column": frozenset({Matter.RENAME}),
    "change-without-where": frozenset({Matter.ROWS}),
    "rollback-missing": frozenset({Matter.ROLLBACK}),
    "rollback-not-mirroring": frozenset({Matter.ROLLBACK}),
    "refused": frozenset({Matter.FAILED}),
}


def findings(
    rehearsals: Sequence[Rehearsal],
    linted: Sequence[Finding],
    *,
    allowed: Mapping[str, Mapping[str, str]],
    levels: Mapping[str, Level] | None = None,
    around: Surroundings | None = None,
) -> tuple[Finding, ...]:
    """Return the findings for each migration, in the order of files and lines.

    `linted` are lint's findings of any files, of which only those of the rehearsed count; `allowed` are the rules that
    a migration's files set aside and why, by its id; `levels` are the project's own, by rule.
    """
    levels = levels or {}
    found: list[Finding] = []
    for rehearsal in rehearsals:
        measured = [
            _weighed(hazard, levels)
            for hazard in (
                *hazards(rehearsal, around),
                *row_hazards(rehearsal),
                *statement_hazards(rehearsal.breaks),
            )
            if not _is_allowed(hazard, allowed.get(rehearsal.id, {}))
            and levels.get(hazard.finding.rule) is not Level.OFF
        ]
        paths = {rehearsal.path, rehearsal.rollback_path}
        read = [finding for finding in linted if str(finding.where.path) in paths]
        found += sorted(_told_once(rehearsal, read, measured), key=_order)
    return tuple(found)


def _is_allowed(hazard: Hazard, aside: Mapping[str, str]) -> bool:
    """Return whether the file sets the rule aside; for an application's statement, with a reason that names it."""
    reason = aside.get(hazard.finding.rule)
    if reason is None or hazard.subject is None:
        return reason is not None
    return re.search(rf"(?<![\w.-]){re.escape(hazard.subject)}(?![\w-])", reason) is not None


def _weighed(hazard: Hazard, levels: Mapping[str, Level]) -> Hazard:
    level = levels.get(hazard.finding.rule, hazard.finding.level)
    return replace(hazard, finding=replace(hazard.finding, level=level))


def _order(finding: Finding) -> tuple[bool, str, int, int]:
    where = finding.where
    return (str(where.path).endswith(".rollback.sql"), str(where.path), where.line or 0, where.column or 0)


def _told_once(rehearsal: Rehearsal, read: Sequence[Finding], measured: list[Hazard]) -> Iterator[Finding]:
    waiting = list(measured)
    for finding in read:
        about = _SUPPOSED.get(finding.rule)
        trace = _statement(rehearsal, finding)
        number = 0 if trace is None else trace.number
        same = [h for h in measured if about and h.matter in about and h.statement in {number, 0}]
        new = next((hazard for hazard in same if hazard in waiting), None)
        if new is not None:
            waiting.remove(new)
            yield _confirmed(finding, new)
        elif same or not (about and _refuted(about, trace, rehearsal)):
            yield finding
    yield from (hazard.finding for hazard in waiting)


def _confirmed(finding: Finding, hazard: Hazard) -> Finding:
    """Keep lint's rule and place, which is more exact, and the measurement's text."""
    where = finding.where if finding.where.line is not None else hazard.finding.where
    is_alike = finding.rule == hazard.finding.rule or hazard.statement == 0
    hint = hazard.finding.hint if is_alike else finding.hint
    return replace(hazard.finding, rule=finding.rule, level=finding.level, where=where, hint=hint)


def _refuted(about: Collection[Matter], trace: StatementTrace | None, rehearsal: Rehearsal) -> bool:
    """Return whether the measurement disproves the lint finding: nothing was rewritten, scanned or built under a lock."""
    if about == {Matter.ROLLBACK}:
        return rehearsal.round_trip.verdict in {Verdict.PROVEN, Verdict.ROWS_DIFFER}
    return trace is not None and bool(_WORK.intersection(about))


def _statement(rehearsal: Rehearsal, finding: Finding) -> StatementTrace | None:
    line = finding.where.line
    if line is None or str(finding.where.path) != rehearsal.path:
        return None
    for trace in rehearsal.statements:
        first = trace.where.line or 0
        if first <= line <= first + trace.text.count("\n"):
            return trace
    return None
