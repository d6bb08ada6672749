"""What differs between two catalogs, object by object, and between two texts, line by line."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from runner.schema.catalog.objects import (
    NAMED_WITH_KIND,
    PARENTS,
    Catalog,
    CatalogObject,
    Change,
    Difference,
    Key,
    Table,
    as_parent,
)
from runner.schema.catalog.parse import identify, parse
from runner.schema.catalog.parse import table as parse_table
from runner.schema.catalog.spelling import canonical_arrays, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_WHOLES = frozenset({*PARENTS, *NAMED_WITH_KIND})
_KINDS = tuple(f"{kind} " for kind in NAMED_WITH_KIND)
_ROUTINES = ("function", "procedure", "aggregate")


def diff(expected: Catalog, actual: Catalog) -> list[Difference]:
    """List what is missing, unexpected or changed, in the order of the files.

    What belongs to a missing or unexpected object is not listed on its own but is part of that object's SQL.
    A table in which only columns were added, taken away or changed gives a difference a column.
    """
    return _differences(expected.objects, actual.objects)


def only_changed(expected: Catalog, actual: Catalog) -> tuple[Catalog, Catalog]:
    """Return what of each is not in the other just so; two large catalogs that differ in little are then small."""
    before, after = expected.objects, actual.objects
    same = {key for key, item in before.items() if item is after.get(key) or item == after.get(key)}
    return (
        Catalog({key: item for key, item in before.items() if key not in same}),
        Catalog({key: item for key, item in after.items() if key not in same}),
    )


def compare_text(snapshot: str, catalog: Catalog) -> list[Difference]:
    """Compare a committed snapshot with a catalog; the snapshot is what is expected.

    An empty list means that the objects are the same; the text may still differ in order, comments or white
    space between statements, which `render` would set right.

    Raises: `runner.files.sqltext.SqlSyntaxError` where the text cannot be cut into statements.
    """
    actual = {_text_key(item): item for item in catalog.objects.values()}
    return _differences(parse(snapshot).objects, actual)


def unified_diff(expected: str, actual: str, from_label: str, to_label: str) -> str:
    """Show the lines that differ, each hunk with the statements around it; empty when the texts are equal."""
    lines = difflib.unified_diff(
        expected.splitlines(), actual.splitlines(), from_label, to_label, lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


def _text_key(item: CatalogObject) -> Key:
    """Give the key that `parse` gives this object: for a routine, with its arguments as they are written."""
    if item.kind not in _ROUTINES:
        return item.key
    kind, identity, _ = identify(item.sql)
    return (kind, identity)


def _differences(
    expected: Mapping[Key, CatalogObject], actual: Mapping[Key, CatalogObject]
) -> list[Difference]:
    missing = [item for key, item in expected.items() if key not in actual]
    unexpected = [item for key, item in actual.items() if key not in expected]
    pairs = _same_routine(missing, unexpected)
    found: list[Difference] = []
    for key, item in expected.items():
        other = actual.get(key) or pairs.get(key)
        if other is not None and item.sql != other.sql:
            found += _changes(item, other)
    paired = {id(item) for item in pairs.values()}
    for item, sql in _with_parts([item for item in missing if item.key not in pairs]):
        found.append(Difference(item.kind, item.identity, Change.MISSING, sql, None))
    for item, sql in _with_parts([item for item in unexpected if id(item) not in paired]):
        found.append(Difference(item.kind, item.identity, Change.UNEXPECTED, None, sql))
    return found


def _same_routine(
    missing: Iterable[CatalogObject], unexpected: Iterable[CatalogObject]
) -> dict[Key, CatalogObject]:
    """Pair routines of one name where one is missing and one unexpected: the arguments have changed."""
    found: dict[tuple[str, str], list[CatalogObject]] = {}
    for item in (*missing, *unexpected):
        if item.kind in _ROUTINES:
            found.setdefault((item.kind, _name(item.identity)), []).append(item)
    here = {id(item) for item in missing}
    pairs = (items for items in found.values() if len(items) == 2)
    return {first.key: second for first, second in pairs if id(first) in here and id(second) not in here}


def _name(identity: str) -> str:
    """Take a routine's arguments off, which a snapshot and the server spell differently."""
    return identity if identity.startswith(_KINDS) else identity.partition("(")[0]


def _with_parts(gone: Sequence[CatalogObject]) -> Iterator[tuple[CatalogObject, str]]:
    """Give each object with its SQL, and with that of its parts, which are not given again."""
    wholes = {_name(as_parent(*item.key)): item for item in gone if item.kind in _WHOLES}
    parts: dict[int, list[str]] = {}
    for item in gone:
        whole = _whole(item, wholes)
        parts.setdefault(id(whole), []).append(item.sql)
    for item in gone:
        if id(item) in parts:
            yield item, "\n\n".join(sorted(parts[id(item)], key=lambda sql: sql is not item.sql))


def _whole(item: CatalogObject, wholes: Mapping[str, CatalogObject]) -> CatalogObject:
    while item.parent is not None and _name(item.parent) in wholes:
        item = wholes[_name(item.parent)]
    return item


def _changes(expected: CatalogObject, actual: CatalogObject) -> list[Difference]:
    """Describe the change of one object: its columns if nothing else changed, or else all of it."""
    columns = _column_changes(expected, actual) if actual.kind in ("table", "foreign table") else None
    if columns is not None:
        return columns
    return [Difference(actual.kind, actual.identity, Change.CHANGED, expected.sql, actual.sql)]


def _column_changes(expected: CatalogObject, actual: CatalogObject) -> list[Difference] | None:
    before, after = _table(expected), _table(actual)
    if (
        before is None
        or after is None
        or before.head != after.head
        or canonical_arrays(before.tail) != canonical_arrays(after.tail)
    ):
        return None
    old, new = _lines(before), _lines(after)
    if not old or not new:
        return None
    if any(name.startswith("CONSTRAINT ") and old.get(name) != new.get(name) for name in (*old, *new)):
        return None
    table = actual.identity
    found = []
    for name in (*old, *(name for name in new if name not in old)):
        is_line, was_line = new.get(name), old.get(name)
        if is_line == was_line:
            continue
        change = (
            Change.MISSING if is_line is None else Change.UNEXPECTED if was_line is None else Change.CHANGED
        )
        kind, identity = "column", f"{table}.{name}"
        if is_line and was_line and _without_not_null_name(is_line) == _without_not_null_name(was_line):
            kind, identity = "not null name", f"of {identity}"
        found.append(Difference(kind, identity, change, was_line, is_line))
    was_order, is_order = [name for name in old if name in new], [name for name in new if name in old]
    if was_order != is_order:
        lists = (", ".join(was_order), ", ".join(is_order))
        found.append(Difference("column order", f"of {table}", Change.CHANGED, *lists))
    return found or None


def _table(item: CatalogObject) -> Table | None:
    return item.structure if isinstance(item.structure, Table) else parse_table(item.sql)


def _lines(table: Table) -> dict[str, str]:
    return {name: canonical_arrays(line) for name, line in table.lines or ()}


def _without_not_null_name(line: str) -> str:
    """Return a column's line without CONSTRAINT and the name that follows it."""
    words = split(line)
    depth, out, at = 0, [], 0
    while at < len(words):
        depth += (words[at] in ("(", "[")) - (words[at] in (")", "]"))
        if words[at] == "CONSTRAINT" and not depth:
            at += 4  # with the name, and a blank after each
            continue
        out.append(words[at])
        at += 1
    return "".join(out)
