"""What is drawn: a box a table, a line a column, a link a foreign key; what a change has touched is marked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from runner.schema.catalog.entities import Attribute, Entities, Entity, Reference


class Mark(Enum):
    """How something came out of a change; the value is the sign that stands before it."""

    SAME = ""
    NEW = "+"
    CHANGED = "~"
    GONE = "−"

    @property
    def word(self) -> str:
        """The mark in words."""
        return {"+": "new", "~": "changed", "": ""}.get(self.value, "dropped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A column."""

    name: str
    type: str
    keys: tuple[str, ...] = ()  # of PK, FK, UK, in this order
    not_null: bool = False
    mark: Mark = Mark.SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A table."""

    name: str  # schema-qualified, quoted as in SQL
    lines: tuple[Line, ...]
    hidden: int = 0  # columns that are left out
    partitions: int = 0
    mark: Mark = Mark.SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A foreign key, from the table that refers."""

    reference: Reference
    mark: Mark = Mark.SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything in it, in the order of names."""

    boxes: tuple[Box, ...]
    links: tuple[Link, ...]


def picture(found: Entities) -> Picture:
    """Return the picture of a whole database."""
    return Picture(
        boxes=tuple(_box(table) for table in found.tables),
        links=tuple(Link(reference=reference) for reference in found.references),
    )


def picture_of_change(before: Entities, after: Entities, touched: Collection[str]) -> Picture:
    """Return the picture of what a change touched: these tables whole, their neighbours with their keys alone.

    What was dropped is there too, marked.
    """
    was, now = {t.name: t for t in before.tables}, {t.name: t for t in after.tables}
    whole = {name for name in touched if name in was or name in now}
    whole |= {name for name in was.keys() | now.keys() if was.get(name) != now.get(name)}
    links = list(_links(before, after, whole))
    ends = {end for link in links for end in (link.reference.table, link.reference.to)}
    used = {(r.table, name) for r in _references(links) for name in r.columns}
    used |= {(r.to, name) for r in _references(links) for name in r.to_columns}
    boxes = []
    for name in sorted(whole | ends):
        box = _compared(was.get(name), now.get(name))
        boxes.append(
            box if name in whole else _short(box, {column for table, column in used if table == name})
        )
    return Picture(boxes=tuple(boxes), links=tuple(links))


def _references(links: Sequence[Link]) -> Iterator[Reference]:
    return (link.reference for link in links)


def _links(before: Entities, after: Entities, whole: Collection[str]) -> Iterator[Link]:
    was = {(r.table, r.name): r for r in before.references}
    now = {(r.table, r.name): r for r in after.references}
    for key in sorted(was.keys() | now.keys()):
        reference = now.get(key) or was[key]
        if reference.table in whole or reference.to in whole:
            yield Link(reference=reference, mark=_mark(was.get(key), now.get(key)))


def _mark(was: object | None, now: object | None) -> Mark:
    if was is None:
        return Mark.NEW
    if now is None:
        return Mark.GONE
    return Mark.SAME if was == now else Mark.CHANGED


def _compared(was: Entity | None, now: Entity | None) -> Box:
    table = now or was
    if table is None:
        raise ValueError
    box = _box(table)
    if was is None or now is None:
        return replace(box, mark=_mark(was, now))
    old = {a.name: a for a in was.attributes}
    lines = [replace(_line(a), mark=_mark(old.get(a.name), a)) for a in now.attributes]
    kept = {a.name for a in now.attributes}
    lines += [replace(_line(a), mark=Mark.GONE) for a in was.attributes if a.name not in kept]
    return replace(box, lines=tuple(lines), mark=_mark(was, now))


def _short(box: Box, used: Collection[str]) -> Box:
    lines = tuple(line for line in box.lines if line.name in used or "PK" in line.keys)
    return replace(box, lines=lines, hidden=len(box.lines) - len(lines))


def _box(table: Entity) -> Box:
    return Box(name=table.name, lines=tuple(map(_line, table.attributes)), partitions=table.partitions)


# PostgreSQL's own short names. Source: manual, "Data Types", table "Data Types", column "Aliases".
_ALIASES = (
    (re.compile(r"^(timestamp|time)(\(\d\))? without time zone"), r"\1\2"),
    (re.compile(r"^(timestamp|time)(\(\d\))? with time zone"), r"\1tz\2"),
    (re.compile(r"^character varying"), "varchar"),
    (re.compile(r"^character(?=\()"), "char"),
    (re.compile(r"^double precision"), "float8"),
    (re.compile(r"^bit varying"), "varbit"),
)


def _short_type(name: str) -> str:
    for pattern, alias in _ALIASES:
        name = pattern.sub(alias, name)
    return name


def _line(attribute: Attribute) -> Line:
    keys = (("PK", attribute.in_primary_key), ("FK", attribute.in_foreign_key), ("UK", attribute.is_unique))
    return Line(
        name=attribute.name,
        type=_short_type(attribute.type),
        keys=tuple(key for key, applies in keys if applies),
        not_null=attribute.not_null,
    )
