"""Every rule, each with its words and examples in one place."""

from __future__ import annotations

from collections.abc import Mapping

from runner.review.lint.rule import Rule
from runner.review.lint.rules import (
    borrowed,
    columns,
    constraints,
    files,
    indexes,
    rights,
    rows,
    statements,
    tables,
    transactions,
)

BORROWED = borrowed.RULES
MEASURED = statements.RULES  # that lint cannot find
RULES = (
    *indexes.RULES,
    *columns.RULES,
    *constraints.RULES,
    *tables.RULES,
    *rows.RULES,
    *transactions.RULES,
    *rights.RULES,
    *files.RULES,
    *statements.RULES,
    *BORROWED,
)
BY_ID: Mapping[str, Rule] = {rule.id: rule for rule in RULES}
