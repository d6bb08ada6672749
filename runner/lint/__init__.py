"""Pure: what is wrong with the files themselves, without a database."""

from runner.lint.allow import allowed_rules
from runner.lint.build import schema_of
from runner.lint.check import Base, lint
from runner.lint.fold import fold
from runner.lint.model import Finding, Level, Rule
from runner.lint.rules import BORROWED, BY_ID, RULES

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
