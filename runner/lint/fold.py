"""Tell once a database what many of its files have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from runner.lint.model import Finding
from runner.lint.rules import RULES
from runner.lint.rules.files import ROLLBACK_MISSING
from runner.migrations import Migration
from runner.wording import counted

_FOLDED = frozenset(rule.id for rule in RULES if rule.folds)
_FORWARD_ONLY = (
    'Write NAME.rollback.sql beside each new file. A project that never goes back sets rollback-missing = "off" in the'
    " table [lint] of runner.toml."
)


def fold(findings: Sequence[Finding], migrations: Sequence[Migration]) -> list[Finding]:
    """Return the findings with one in the place of many that say the same of other files; `--all` shows each."""
    counts = Counter(finding.rule for finding in findings if finding.rule in _FOLDED)
    has_rollbacks = any(migration.rollback is not None for migration in migrations)
    folded: list[Finding] = []
    for finding in findings:
        count = counts.get(finding.rule, 1)
        if count == 1:
            folded.append(finding)
        elif count > 1:
            counts[finding.rule] = 0  # the others are told with this one
            folded.append(_of_all(finding, count, has_rollbacks=has_rollbacks))
    return folded


def _of_all(finding: Finding, count: int, *, has_rollbacks: bool) -> Finding:
    if finding.rule == ROLLBACK_MISSING.id and not has_rollbacks:
        message = f"no file has a rollback, {counted(count, 'file')} in all"
        return replace(finding, message=message, hint=_FORWARD_ONLY)
    others = counted(count - 1, "other file")
    return replace(finding, message=f"{finding.message}; so in {others}, which --all shows")
