"""Pure: what a statement gives another name, for the catalogue shows that as one thing gone and another come."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runner.sqltext import without_comments

_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_RENAME = re.compile(
    rf"\bALTER\s+(?:TABLE|VIEW|MATERIALIZED\s+VIEW|SEQUENCE)\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?"
    rf"(?P<relation>{_NAME}(?:\.{_NAME})?)\s+RENAME\s+(?:(?:COLUMN\s+)?(?P<column>{_NAME})\s+)?TO\s+(?P<new>{_NAME})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rename:
    """A new name for a relation, or for one of its columns."""

    relation: str  # as written
    column: str | None
    new: str

    @property
    def old(self) -> str:
        """The name that goes, without its schema or table."""
        return self.column or self.relation.rpartition(".")[2]


def renames(text: str) -> list[Rename]:
    """Find all of them in SQL."""
    found = _RENAME.finditer(without_comments(text))
    return [Rename(match["relation"], match["column"], match["new"]) for match in found]
