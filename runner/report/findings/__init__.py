"""Findings as JSON, and in the forms that other programs read: SARIF, JUnit, GitHub's annotations."""

from __future__ import annotations

from typing import Any

from runner.review.lint import Finding


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as the contract has it."""
    return {
        "rule": finding.rule,
        "level": finding.level.value,
        "message": finding.message,
        "path": str(finding.where.path),
        "line": finding.where.line,
        "column": finding.where.column,
        "effect": finding.effect,
        "hint": finding.hint,
    }
