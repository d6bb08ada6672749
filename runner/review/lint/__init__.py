"""Pure: what is wrong with the files themselves, without a database."""

from runner.review.lint.allow import allowed_rules
from runner.review.lint.check import Base, lint
from runner.review.lint.fold import fold
from runner.review.lint.replay import schema_of
from runner.review.lint.rule import Finding, Level, Rule
from runner.review.lint.rules import BORROWED, BY_ID, RULES

__all__ = [
    "BORROWED",
    "BY_ID",
    "RULES",
    "Base",
    "Finding",
    "Level",
    "Rule",
    "allowed_rules",
    "fold",
    "lint",
    "schema_of",
]
