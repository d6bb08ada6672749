"""Pure: which differences count."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.engine.history.neighbours import tool_of
from runner.files.sqltext.alter_table import actions
from runner.files.sqltext.identifiers import NAME
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.phrase import Name, Phrase
from runner.schema.catalog.create_table import unquoted
from runner.schema.catalog.objects import Change
from runner.settings import is_ignored

if TYPE_CHECKING:
    from runner.schema.catalog.objects import Difference
    from runner.schema.validate.compare import Tolerance

_RIGHTS = frozenset({"grant", "default privileges"})


def is_of_another_tool(difference: Difference) -> bool:
    """Return whether it is a table, or a whole schema, in which another tool keeps its history: no file of ours makes it."""
    if difference.change is not Change.UNEXPECTED:
        return False
    names = [unquoted(name) for name in re.findall(NAME, difference.identity)]
    table = names[1] if difference.kind == "table" and len(names) > 1 else ""
    return bool(names) and tool_of(names[0], table) is not None


class Judge:
    """Applies what was said about differences that do not count."""

    def __init__(self, tolerance: Tolerance) -> None:
        self._tolerance = tolerance

    def is_extension_beside(self, difference: Difference) -> bool:
        """Whether it is an extension that the snapshot does not know: servers come with their own."""
        return difference.kind == "extension" and difference.change is Change.UNEXPECTED

    def is_set_aside(self, difference: Difference) -> bool:
        """Whether it is a right that somebody was given besides, a partition that follows its parent, another tool's, or ignored."""
        if not self._tolerance.grants and self._is_a_right_more(difference):
            return True
        if follows_its_parent(difference) or is_of_another_tool(difference):
            return True
        return is_ignored(self._tolerance.ignore, difference.kind, difference.identity)

    def _is_a_right_more(self, difference: Difference) -> bool:
        return difference.kind in _RIGHTS and difference.change is Change.UNEXPECTED


def follows_its_parent(difference: Difference) -> bool:
    """Return whether a table that no file made is a partition with the shape of its parent.

    The snapshot writes `PARTITION OF` only where columns and defaults are the parent's; its keys and indexes must each be
    attached to one of the parent's. A comment may be its own.
    """
    if (
        difference.kind != "table"
        or difference.change is not Change.UNEXPECTED
        or difference.actual_sql is None
    ):
        return False
    first, *rest = [Phrase(statement) for statement in statements([difference.actual_sql])]
    if first.kind != "CREATE TABLE" or not first.stands(first.target()[1], "PARTITION", "OF"):
        return False
    attached = {name for phrase in rest if (name := _attached(phrase)) is not None}
    return all(_is_of_the_parent(phrase, attached) for phrase in rest)


def _attached(phrase: Phrase) -> str | None:
    name, index = phrase.target() if phrase.kind == "ALTER INDEX" else (None, 0)
    part = (
        phrase.name(index + 2)[0]
        if name is not None and phrase.stands(index, "ATTACH", "PARTITION")
        else None
    )
    return None if part is None else part.name


def _is_of_the_parent(phrase: Phrase, attached: set[str]) -> bool:
    if phrase.kind == "COMMENT" or _attached(phrase) is not None:
        return True
    if phrase.kind == "CREATE INDEX":
        return _is_in(phrase.target()[0], attached)
    if phrase.kind == "ALTER TABLE":
        return all(
            action.verb.startswith("ADD ") and action.verb != "ADD COLUMN" and action.name in attached
            for action in actions(phrase)
        )
    return False


def _is_in(name: Name | None, names: set[str]) -> bool:
    return name is not None and name.name in names
