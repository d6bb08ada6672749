"""Partitions that the application makes: they follow from their parent, so they are no drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.files.sqltext.alter import actions
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.phrase import Name, Phrase
from runner.schema.catalog.objects import Change

if TYPE_CHECKING:
    from runner.schema.catalog.objects import Difference


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
