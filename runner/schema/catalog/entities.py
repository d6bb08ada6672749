"""Tables, columns and references of a catalogue, as a picture needs them: read from its own regular SQL."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from runner.schema.catalog.model import Catalog, CatalogObject
from runner.schema.catalog.spelling import NAME, QUALIFIED

_LIST = rf"(?:PERIOD )?{NAME}(?:, (?:PERIOD )?{NAME})*"
_TABLE = re.compile(
    rf"CREATE (?:UNLOGGED )?TABLE {QUALIFIED} (?:\(\n(?P<body>.*?)\n\)|\(\)|(?=PARTITION OF))(?P<tail>.*)",
    re.DOTALL,
)
_PARTITION = re.compile(
    rf"^(?:PARTITION OF (?P<of>{QUALIFIED}) |ALTER TABLE ONLY (?P<to>{QUALIFIED}) ATTACH PARTITION )",
    re.MULTILINE,
)
_PARENTS = re.compile(rf"^INHERITS \((?P<parents>{QUALIFIED}(?:, {QUALIFIED})*)\)", re.MULTILINE)
_COLUMN = re.compile(
    rf"(?P<name>{NAME}) (?P<type>.*?)(?= COMPRESSION | COLLATE | CONSTRAINT | NOT NULL| DEFAULT | GENERATED |$)(?P<rest>.*)",
    re.DOTALL,
)
_SERIAL = {"smallserial": "smallint", "serial": "integer", "bigserial": "bigint"}
_KEY = re.compile(
    rf"ADD CONSTRAINT {NAME} (?P<kind>PRIMARY KEY|UNIQUE)(?: NULLS NOT DISTINCT)? \((?P<columns>{_LIST})\)"
)
_UNIQUE_INDEX = re.compile(rf"CREATE UNIQUE INDEX {NAME} ON {QUALIFIED} USING \w+ \((?P<columns>{_LIST})\);$")
_REFERENCE = re.compile(
    rf"ADD CONSTRAINT (?P<name>{NAME}) FOREIGN KEY \((?P<columns>{_LIST})\)"
    rf" REFERENCES (?P<to>{QUALIFIED})\((?P<to_columns>{_LIST})\)"
)
_EACH_NAME = re.compile(NAME)
_EACH_QUALIFIED = re.compile(QUALIFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A column."""

    name: str  # quoted as in SQL
    type: str
    not_null: bool = False
    in_primary_key: bool = False
    in_foreign_key: bool = False
    is_unique: bool = False  # alone, by a key or an index over the whole table


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key."""

    name: str
    table: str
    columns: tuple[str, ...]
    to: str
    to_columns: tuple[str, ...]
    is_optional: bool  # a row may refer to none
    is_single: bool  # no two rows refer to the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A table; a partition is part of its parent."""

    name: str  # schema-qualified, quoted as in SQL
    attributes: tuple[Attribute, ...]
    partitions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    """What a picture shows, by name."""

    tables: tuple[Entity, ...]
    references: tuple[Reference, ...]

    def of(self, names: Iterable[str]) -> Entities:
        """Return only these tables, and the references among them."""
        wanted = set(names)
        return Entities(
            tables=tuple(table for table in self.tables if table.name in wanted),
            references=tuple(r for r in self.references if r.table in wanted and r.to in wanted),
        )

    def neighbours(self, names: Iterable[str]) -> set[str]:
        """Return what these tables refer to, and what refers to them."""
        wanted = set(names)
        ends = [(reference.table, reference.to) for reference in self.references]
        return {b for pair in ends for a, b in (pair, pair[::-1]) if a in wanted} - wanted


def entities(catalog: Catalog) -> Entities:
    """Find the tables of a catalogue, their columns and the references between them."""
    tables, parents, partition_of = _tables(catalog)
    keys, references = _keys(catalog), list(_references(catalog))
    whole = {name: tuple(_inherited(name, tables, parents)) for name in tables if name not in partition_of}
    partitions = Counter(_root(name, partition_of) for name in partition_of)
    referring: dict[str, set[str]] = defaultdict(set)
    for reference in references:
        referring[reference.table].update(reference.columns)
    found = tuple(
        Entity(
            name=name,
            attributes=tuple(_marked(a, keys.get(name, []), referring[name]) for a in whole[name]),
            partitions=partitions[name],
        )
        for name in sorted(whole)
    )
    by_name = {table.name: table for table in found}
    shown = (_judged(r, by_name[r.table], keys.get(r.table, [])) for r in references if r.table in by_name)
    return Entities(tables=found, references=tuple(r for r in shown if r.to in by_name))


_Keys = Mapping[
    str, list[tuple[bool, tuple[str, ...]]]
]  # by table: whether it is the primary key, and its columns


def _tables(catalog: Catalog) -> tuple[dict[str, list[Attribute]], dict[str, list[str]], dict[str, str]]:
    columns: dict[str, list[Attribute]] = {}
    parents: dict[str, list[str]] = {}
    partition_of: dict[str, str] = {}
    for item in _of_kind(catalog, "table"):
        match = _TABLE.match(item.sql)
        if match is None:
            continue
        columns[item.identity] = [
            _attribute(line)
            for line in (match["body"] or "").split(",\n    ")
            if line.strip()
            and not line.lstrip().startswith("CONSTRAINT ")  # a NOT NULL for an inherited column
        ]
        partition = _PARTITION.search(match["tail"])
        if partition is not None:
            partition_of[item.identity] = partition["of"] or partition["to"]
        inherits = _PARENTS.search(match["tail"])
        parents[item.identity] = [] if inherits is None else _EACH_QUALIFIED.findall(inherits["parents"])
    return columns, parents, partition_of


def _attribute(line: str) -> Attribute:
    match = _COLUMN.fullmatch(line.strip())
    if match is None:
        return Attribute(name=line.strip(), type="")
    return Attribute(
        name=match["name"],
        type=_SERIAL.get(match["type"], match["type"]),
        not_null=" NOT NULL" in match["rest"].partition(" DEFAULT ")[0],
    )


def _inherited(
    name: str, tables: Mapping[str, list[Attribute]], parents: Mapping[str, list[str]]
) -> Iterator[Attribute]:
    seen: set[str] = set()
    above = (each for parent in parents.get(name, ()) for each in _inherited(parent, tables, parents))
    for attribute in (*above, *tables.get(name, ())):
        if attribute.name not in seen:
            seen.add(attribute.name)
            yield attribute


def _root(name: str, partition_of: Mapping[str, str]) -> str:
    while name in partition_of:
        name = partition_of[name]
    return name


def _keys(catalog: Catalog) -> _Keys:
    found: dict[str, list[tuple[bool, tuple[str, ...]]]] = defaultdict(list)
    for kind, pattern in (("constraint", _KEY), ("index", _UNIQUE_INDEX)):
        for item in _of_kind(catalog, kind):
            match = pattern.search(item.sql)
            if match is not None and item.parent is not None:
                is_primary = kind == "constraint" and match["kind"] == "PRIMARY KEY"
                found[item.parent].append((is_primary, _names(match["columns"])))
    return found


def _references(catalog: Catalog) -> Iterator[Reference]:
    for item in _of_kind(catalog, "foreign key"):
        match = _REFERENCE.search(item.sql)
        if match is not None and item.parent is not None:
            yield Reference(
                name=match["name"],
                table=item.parent,
                columns=_names(match["columns"]),
                to=match["to"],
                to_columns=_names(match["to_columns"]),
                is_optional=True,
                is_single=False,
            )


def _judged(reference: Reference, table: Entity, keys: list[tuple[bool, tuple[str, ...]]]) -> Reference:
    optional = any(not a.not_null for a in table.attributes if a.name in reference.columns)
    single = any(set(columns) <= set(reference.columns) for _, columns in keys)
    return replace(reference, is_optional=optional, is_single=single)


def _marked(attribute: Attribute, keys: list[tuple[bool, tuple[str, ...]]], referring: set[str]) -> Attribute:
    return replace(
        attribute,
        in_primary_key=any(is_primary and attribute.name in columns for is_primary, columns in keys),
        in_foreign_key=attribute.name in referring,
        is_unique=any(not is_primary and columns == (attribute.name,) for is_primary, columns in keys),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in _EACH_NAME.findall(text) if name != "PERIOD")


def _of_kind(catalog: Catalog, kind: str) -> Iterator[CatalogObject]:
    return (item for item in catalog.objects.values() if item.kind == kind)
