"""Does a rollback undo what its migration does, as far as both can be read without guessing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runner.files.sqltext.alter_table import Action, actions
from runner.files.sqltext.phrase import Name, Phrase
from runner.review.lint.replay import column_at

_KINDS = (
    "TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE", "TYPE", "DOMAIN", "FUNCTION", "PROCEDURE",
    "SCHEMA", "INDEX", "TRIGGER", "POLICY", "ROLE", "ROUTINE",
)  # fmt: skip
_WITH_PARTS = ("TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE")  # what they have goes with them
_TEMPORARY = frozenset({"TEMP", "TEMPORARY"})
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
        """Return whether both can be the same thing."""
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
    parents: list[tuple[Name, Name]] = field(default_factory=list)  # a partition and whose it is
    owners: list[tuple[Name, Thing]] = field(default_factory=list)  # a sequence, and what it goes with
    backed: list[tuple[Name, Thing]] = field(default_factory=list)  # an index, and the constraint it became
    temporary: set[str] = field(default_factory=set)
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
            and not _is_undone(thing, there, back)
        ):
            yield f"the rollback does not drop {thing}", offset
    for thing, offset, is_certain in there.gone:
        if (
            is_certain
            and thing.name is not None
            and thing.name.name not in there.temporary
            and not _has(there.made, thing)
            and not _is_remade(thing, back)
        ):
            yield f"the rollback does not make {thing} again", offset


def _has(changes: list[tuple[Thing, int, bool]], thing: Thing) -> bool:
    return any(other.may_be(thing) for other, _, _ in changes)


def _is_undone(thing: Thing, there: _Changes, back: _Changes) -> bool:
    if _has(back.gone, thing) or _goes_with_table(thing.table, there, back):
        return True
    if thing.kind == "TABLE":
        parents = [
            parent for part, parent in there.parents if thing.name is not None and part.may_be(thing.name)
        ]
        return any(_goes_with_table(parent, there, back) for parent in parents)
    # an index, constraint or trigger goes with a column, which of them cannot be told
    if thing.kind in {"INDEX", "CONSTRAINT", "TRIGGER"} and _has(
        back.gone, Thing("COLUMN", None, thing.table)
    ):
        return True
    if thing.kind == "INDEX":
        return any(_has(back.gone, with_) for name, with_ in there.backed if _may_be(name, thing.name))
    if thing.kind == "SEQUENCE":
        owners = [with_ for name, with_ in there.owners if _may_be(name, thing.name)]
        return any(_has(back.gone, with_) or _goes_with_table(with_.table, there, back) for with_ in owners)
    return False


def _goes_with_table(table: Name | None, there: _Changes, back: _Changes, depth: int = 0) -> bool:
    """Return whether the rollback drops a table or view, or the one whose partition it is."""
    if table is None or depth > len(there.parents):
        return False
    if any(_has(back.gone, Thing(kind, table)) for kind in _WITH_PARTS):
        return True
    parents = [parent for part, parent in there.parents if part.may_be(table)]
    return any(_goes_with_table(parent, there, back, depth + 1) for parent in parents)


def _is_remade(thing: Thing, back: _Changes) -> bool:
    whole = thing.table is not None and _has(back.made, Thing("TABLE", thing.table))
    return whole or _has(back.made, thing)


def _changes(phrases: Sequence[Phrase]) -> _Changes:
    changes = _Changes()
    for phrase in phrases:
        verb, _, kind = phrase.kind.partition(" ")
        is_unbounded = phrase.kind.startswith(("DROP ", "ALTER ")) and drops_more(phrase)
        if phrase.kind in _UNREADABLE or "RENAME" in phrase.statement.words or is_unbounded:
            changes.is_readable = False
        elif phrase.kind == "ALTER TABLE":
            _read_alter(phrase, changes)
        elif verb == "CREATE" and kind in _KINDS:
            _read_create(phrase, kind, changes)
        elif verb == "DROP" and kind in _KINDS:
            is_certain = phrase.find("IF", "EXISTS") < 0
            changes.gone.extend(
                (thing, phrase.statement.start, is_certain) for thing in _dropped(phrase, kind)
            )
        if phrase.kind in {"CREATE SEQUENCE", "ALTER SEQUENCE"}:
            _read_owner(phrase, changes)
    return changes


def drops_more(phrase: Phrase) -> bool:
    """Return whether a DROP takes along what depends on it; ON DELETE CASCADE is none."""
    index = 0
    while (index := phrase.find("CASCADE", start=index)) >= 0:
        if phrase.words[index - 1] not in {"DELETE", "UPDATE"}:
            return True
        index += 1
    return False


def _read_create(phrase: Phrase, kind: str, changes: _Changes) -> None:
    thing = _created(phrase, kind)
    if thing is None or thing.name is None:
        return
    if _TEMPORARY & set(phrase.words[:4]):
        changes.temporary.add(thing.name.name)
        return
    is_certain = not (phrase.stands(1, "OR", "REPLACE") or phrase.find("IF", "NOT", "EXISTS") >= 0)
    changes.made.append((thing, phrase.statement.start, is_certain))
    _, index = phrase.target()
    if kind == "TABLE" and phrase.stands(index, "PARTITION", "OF"):
        _note_parent(changes, thing.name, phrase.name(index + 2)[0])


def _note_parent(changes: _Changes, part: Name | None, parent: Name | None) -> None:
    if part is not None and parent is not None:
        changes.parents.append((part, parent))


def _read_owner(phrase: Phrase, changes: _Changes) -> None:
    name, index = phrase.target()
    at = phrase.find("OWNED", "BY", start=index)
    owner = None if at < 0 else column_at(phrase, at + 2)
    if name is not None and owner is not None:
        table, column = owner
        changes.owners.append((name, Thing("COLUMN", Name(None, column), table)))


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
    return "FUNCTION" if kind in {"PROCEDURE", "ROUTINE"} else kind


def _read_alter(phrase: Phrase, changes: _Changes) -> None:
    table, _ = phrase.target()
    for action in actions(phrase):
        if action.verb == "SET SCHEMA":
            changes.is_readable = False
        if action.verb == "ATTACH PARTITION" and table is not None:
            _note_parent(changes, phrase.name(action.after)[0], table)
        if action.verb not in _VERBS:
            continue
        is_made, kind = _VERBS[action.verb]
        thing = Thing(kind, None if action.name is None else Name(None, action.name), table)
        offset = phrase.statement.start + phrase.offset(action.start)
        if is_made and kind == "CONSTRAINT":
            thing = _note_backed(phrase, action, thing, changes)
        (changes.made if is_made else changes.gone).append((thing, offset, _is_certain(phrase, action)))


def _is_certain(phrase: Phrase, action: Action) -> bool:
    return phrase.find("EXISTS", start=action.start, end=action.after) < 0


def _note_backed(phrase: Phrase, action: Action, thing: Thing, changes: _Changes) -> Thing:
    """Return a constraint with the name that it takes from its index where it has none of its own."""
    using = phrase.find("USING", "INDEX", start=action.after, end=action.end)
    index = phrase.name(using + 2, end=action.end)[0] if using >= 0 else None
    if index is None:
        return thing
    named = thing if thing.name is not None else Thing(thing.kind, Name(None, index.name), thing.table)
    changes.backed.append((index, named))
    return named
