"""Does a rollback undo what its migration does, as far as both can be read without guessing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runner.lint.alter import Action, actions
from runner.lint.phrase import Name, Phrase

_KINDS = (
    "TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE", "TYPE", "DOMAIN", "FUNCTION", "PROCEDURE",
    "SCHEMA", "INDEX", "TRIGGER", "POLICY", "ROLE",
)  # fmt: skip
_ON_TABLES = frozenset({"TRIGGER", "POLICY"})
_UNREADABLE = frozenset({"DO", "CALL", "SELECT"})
_VERBS = {
    "ADD COLUMN": (True, "COLUMN"), "DROP COLUMN": (False, "COLUMN"), "DROP CONSTRAINT": (False, "CONSTRAINT"),
    **{f"ADD {kind}": (True, "CONSTRAINT") for kind in ("CHECK", "FOREIGN", "UNIQUE", "PRIMARY", "EXCLUDE", "NOT")},
}  # fmt: skip


class Thing(NamedTuple):
    """An object, or a part of a table."""

    kind: str
    name: Name | None  # None: a constraint that PostgreSQL names
    table: Name | None = None  # of which it is a part

    def may_be(self, other: Thing) -> bool:
        """Say whether both can be the same thing."""
        if self.kind != other.kind or not _may_be(self.table, other.table):
            return False
        return self.name is None or other.name is None or self.name.may_be(other.name)

    def __str__(self) -> str:
        on = "" if self.table is None else f" of {self.table}"
        return f"{self.kind.lower()} {self.name}{on}"


def _may_be(one: Name | None, other: Name | None) -> bool:
    return one is None or other is None or one.may_be(other)


@dataclass(slots=True)
class _Changes:
    made: list[tuple[Thing, int, bool]] = field(
        default_factory=list
    )  # with its place, and whether for certain
    gone: list[tuple[Thing, int, bool]] = field(default_factory=list)
    is_readable: bool = True


def gaps(apply: Sequence[Phrase], rollback: Sequence[Phrase]) -> Iterator[tuple[str, int]]:
    """Yield what the rollback leaves behind, with the offset of what made it."""
    there, back = _changes(apply), _changes(rollback)
    if not (there.is_readable and back.is_readable):
        return
    for thing, offset, is_certain in there.made:
        if (
            is_certain
            and thing.name is not None
            and not _has(there.gone, thing)
            and not _is_undone(thing, back)
        ):
            yield f"the rollback does not drop {thing}", offset
    for thing, offset, is_certain in there.gone:
        if (
            is_certain
            and thing.name is not None
            and not _has(there.made, thing)
            and not _is_remade(thing, back)
        ):
            yield f"the rollback does not make {thing} again", offset


def _has(changes: list[tuple[Thing, int, bool]], thing: Thing) -> bool:
    return any(other.may_be(thing) for other, _, _ in changes)


def _is_undone(thing: Thing, back: _Changes) -> bool:
    if _has(back.gone, thing):
        return True
    # an index or constraint goes with a column, a sequence perhaps with its table
    with_column = thing.kind in {"INDEX", "CONSTRAINT", "TRIGGER"} and _has(
        back.gone, Thing("COLUMN", None, thing.table)
    )
    with_table = thing.table is not None and _has(back.gone, Thing("TABLE", thing.table))
    owned = thing.kind == "SEQUENCE" and _has(back.gone, Thing("TABLE", None))
    return with_column or with_table or owned


def _is_remade(thing: Thing, back: _Changes) -> bool:
    whole = thing.table is not None and _has(back.made, Thing("TABLE", thing.table))
    return whole or _has(back.made, thing)


def _changes(phrases: Sequence[Phrase]) -> _Changes:
    changes = _Changes()
    for phrase in phrases:
        verb, _, kind = phrase.kind.partition(" ")
        if (
            phrase.kind in _UNREADABLE
            or "RENAME" in phrase.statement.words
            or "CASCADE" in phrase.statement.words
        ):
            changes.is_readable = False
        elif phrase.kind == "ALTER TABLE":
            _read_alter(phrase, changes)
        elif verb == "CREATE" and kind in _KINDS:
            thing = _created(phrase, kind)
            is_certain = not (phrase.stands(1, "OR", "REPLACE") or phrase.find("IF", "NOT", "EXISTS") >= 0)
            is_temporary = bool({"TEMP", "TEMPORARY"} & set(phrase.words[:4]))
            if thing is not None and not is_temporary:
                changes.made.append((thing, phrase.statement.start, is_certain))
        elif verb == "DROP" and kind in _KINDS:
            is_certain = phrase.find("IF", "EXISTS") < 0
            changes.gone.extend(
                (thing, phrase.statement.start, is_certain) for thing in _dropped(phrase, kind)
            )
    return changes


def _created(phrase: Phrase, kind: str) -> Thing | None:
    name, index = phrase.target()
    if name is None or (kind == "INDEX" and phrase.stands(index - 1, "ON")):
        return None
    table = phrase.on()[0] if kind in _ON_TABLES or kind == "INDEX" else None
    if kind == "INDEX" and table is not None:
        name = Name(table.schema, name.name)
    return Thing(_routine(kind), name, table)


def _dropped(phrase: Phrase, kind: str) -> Iterator[Thing]:
    index = phrase.start_of_names()
    if kind in _ON_TABLES:
        yield Thing(kind, phrase.name(index)[0], phrase.on()[0])
        return
    for begin, _ in phrase.actions(index):
        yield Thing(_routine(kind), phrase.name(begin)[0])


def _routine(kind: str) -> str:
    return "FUNCTION" if kind == "PROCEDURE" else kind


def _read_alter(phrase: Phrase, changes: _Changes) -> None:
    table, _ = phrase.target()
    for action in actions(phrase):
        if action.verb == "SET SCHEMA":
            changes.is_readable = False
        if action.verb not in _VERBS:
            continue
        is_made, kind = _VERBS[action.verb]
        thing = Thing(kind, None if action.name is None else Name(None, action.name), table)
        offset = phrase.statement.start + phrase.offset(action.start)
        (changes.made if is_made else changes.gone).append((thing, offset, _is_certain(phrase, action)))


def _is_certain(phrase: Phrase, action: Action) -> bool:
    return phrase.find("EXISTS", start=action.start, end=action.after) < 0
