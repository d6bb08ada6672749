"""Split ALTER TABLE into its actions.

Source: PostgreSQL manual, ALTER TABLE.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.files.sqltext.phrase import Name, Phrase

_CONSTRAINTS = frozenset({"CHECK", "FOREIGN", "UNIQUE", "PRIMARY", "EXCLUDE", "NOT"})


@dataclass(frozen=True, slots=True)
class Action:
    """One action: its verb, its column or constraint, and where its words are in the statement."""

    verb: str  # "ADD COLUMN", "ADD CHECK", "ALTER COLUMN", "DROP COLUMN", "RENAME COLUMN", … or its first two words
    name: str | None  # of the column or constraint
    start: int
    after: int  # the name
    end: int


def actions(phrase: Phrase) -> Sequence[Action]:
    """Return the actions of an ALTER TABLE."""
    if phrase.altered is None:
        index = phrase.skip(phrase.target()[1], ("*",))
        phrase.altered = [_action(phrase, start, end) for start, end in phrase.actions(index)]
    return phrase.altered


def _action(phrase: Phrase, start: int, end: int) -> Action:
    words = phrase.words
    first, second = words[start], words[start + 1] if start + 1 < end else ""
    if first == "ADD":
        return _added(phrase, start, end)
    if first in {"ALTER", "DROP", "RENAME", "VALIDATE"} and second == "CONSTRAINT":
        return _named(phrase, f"{first} CONSTRAINT", start, start + 2, end)
    if first in {"ALTER", "DROP"}:
        return _named(phrase, f"{first} COLUMN", start, phrase.skip(start + 1, ("COLUMN",)), end)
    if first == "RENAME" and second != "TO":
        return _named(phrase, "RENAME COLUMN", start, phrase.skip(start + 1, ("COLUMN",)), end)
    return Action(f"{first} {second}", None, start, start + 2, end)


def _added(phrase: Phrase, start: int, end: int) -> Action:
    words, index, name = phrase.words, start + 1, None
    if words[index : index + 1] == ["CONSTRAINT"]:
        found, index = phrase.name(index + 1)
        name = None if found is None else found.name
    if words[index : index + 1] and words[index] in _CONSTRAINTS:
        return Action(f"ADD {words[index]}", name, start, index, end)
    return _named(phrase, "ADD COLUMN", start, phrase.skip(start + 1, ("COLUMN",)), end)


def _named(phrase: Phrase, verb: str, start: int, index: int, end: int) -> Action:
    name, after = phrase.name(phrase.skip(index, ("IF", "NOT", "EXISTS"), ("IF", "EXISTS")))
    return Action(verb, None if name is None else name.name, start, after, end)


def references(phrase: Phrase, start: int = 0, end: int | None = None) -> Iterator[Name]:
    """Yield the tables that foreign keys reference."""
    index = start
    while (index := phrase.find("REFERENCES", start=index, end=end, depth=None)) >= 0:
        name, index = phrase.name(index + 1)
        if name is not None:
            yield name
