"""Tell once what a file breaks at many places, or many files have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from runner.files.migrations.migration import Migration
from runner.review.lint.rule import Finding
from runner.review.lint.rules import RULES
from runner.review.lint.rules.files import REFUSED, ROLLBACK_MISSING
from runner.wording import counted, listed

_FOLDED = frozenset(rule.id for rule in RULES if rule.folds)
_FORWARD_ONLY = (
    'Write NAME.rollback.sql beside each new file. A project that never goes back sets rollback-missing = "off" in the'
    " table [lint] of runner.toml."
)
_FILES = 3  # of a whole history that are named for one rule
_LINES = 5  # of a file that are named


def fold(
    findings: Sequence[Finding], migrations: Sequence[Migration], *, whole: bool = False
) -> list[Finding]:
    """Return the findings with one in the place of many that say the same; `--all` shows each.

    A rule is reported once per file, and what many files have in common once per database. For the `whole` history, each
    rule is reported only for its newest files, which may still be edited.
    """
    folded = _by_file(findings)
    counts = Counter(finding.rule for finding in folded)
    has_rollbacks = any(migration.rollback is not None for migration in migrations)
    seen: Counter[str] = Counter()
    shown = []
    for finding in folded:
        count, seen[finding.rule] = counts[finding.rule], seen[finding.rule] + 1
        if finding.rule in _FOLDED:
            if seen[finding.rule] == 1:
                shown.append(_of_all(finding, count, has_rollbacks=has_rollbacks))
            continue
        passed_over = count - _FILES if whole and finding.rule != REFUSED.id else 0
        if seen[finding.rule] == passed_over + 1 and passed_over > 0:
            finding = _with(finding, f"also in {counted(passed_over, 'earlier file')}, which --all shows")
        if seen[finding.rule] > passed_over:
            shown.append(finding)
    return shown


def _by_file(findings: Sequence[Finding]) -> list[Finding]:
    """Return the first finding of each rule in each file, with the lines of the others."""
    others: dict[tuple[str, str, str | None], list[int | None]] = {}
    first = []
    for finding in findings:
        key = (finding.rule, str(finding.where.path), finding.hint)
        if key in others and finding.rule != REFUSED.id:
            others[key].append(finding.where.line)
        else:
            others[key] = []
            first.append(finding)
    return [_with_lines(f, others[f.rule, str(f.where.path), f.hint]) for f in first]


def _with_lines(finding: Finding, others: Sequence[int | None]) -> Finding:
    lines = sorted({line for line in others if line is not None and line != finding.where.line})
    if not lines:
        return _with(finding, f"and {len(others)} more like it") if others else finding
    named = [str(line) for line in lines[:_LINES]]
    named += [f"{len(lines) - _LINES} more"] if len(lines) > _LINES else []
    return _with(finding, f"also in line{'' if len(named) == 1 else 's'} {listed(named)}")


def _with(finding: Finding, more: str) -> Finding:
    return replace(finding, message=f"{finding.message}; {more}")


def _of_all(finding: Finding, count: int, *, has_rollbacks: bool) -> Finding:
    if count == 1:
        return finding
    if finding.rule == ROLLBACK_MISSING.id and not has_rollbacks:
        message = f"no file has a rollback, {counted(count, 'file')} in all"
        return replace(finding, message=message, hint=_FORWARD_ONLY)
    return _with(finding, f"also in {counted(count - 1, 'other file')}, which --all shows")
