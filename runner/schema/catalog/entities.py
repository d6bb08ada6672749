"""Tables, columns and references of a catalog, as a picture needs them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from runner.schema.catalog.objects import Catalog, CatalogObject, Column, ForeignKey, Table, UniqueKey


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
    """Find the tables of a catalog that was read from a server, their columns and the references between them."""
    tables = {item.identity: s for item in _of(catalog, "table") if isinstance(s := item.structure, Table)}
    keys, references = _keys(catalog), list(_references(catalog))
    partitions = Counter(_root(name, tables) for name, table in tables.items() if table.partition_of)
    referring: dict[str, set[str]] = defaultdict(set)
    for reference in references:
        referring[reference.table].update(reference.columns)
    found = tuple(
        Entity(
            name=name,
            attributes=tuple(_attribute(c, keys.get(name, []), referring[name]) for c in table.columns),
            partitions=partitions[name],
        )
        for name, table in sorted(tables.items())
        if table.partition_of is None
    )
    by_name = {table.name: table for table in found}
    shown = (_judged(r, by_name[r.table], keys.get(r.table, [])) for r in references if r.table in by_name)
    return Entities(tables=found, references=tuple(r for r in shown if r.to in by_name))


def _root(name: str, tables: Mapping[str, Table]) -> str:
    while name in tables and (above := tables[name].partition_of) is not None:
        name = above
    return name


def _keys(catalog: Catalog) -> Mapping[str, list[UniqueKey]]:
    found: dict[str, list[UniqueKey]] = defaultdict(list)
    for item in _of(catalog, "constraint", "index"):
        if isinstance(item.structure, UniqueKey) and item.parent is not None:
            found[item.parent].append(item.structure)
    return found


def _references(catalog: Catalog) -> Iterator[Reference]:
    for item in _of(catalog, "foreign key"):
        if isinstance(item.structure, ForeignKey) and item.parent is not None:
            yield Reference(
                name=item.identity.removesuffix(f" on {item.parent}"),
                table=item.parent,
                columns=item.structure.columns,
                to=item.structure.to,
                to_columns=item.structure.to_columns,
                is_optional=True,
                is_single=False,
            )


def _judged(reference: Reference, table: Entity, keys: Sequence[UniqueKey]) -> Reference:
    optional = any(not a.not_null for a in table.attributes if a.name in reference.columns)
    single = any(set(key.columns) <= set(reference.columns) for key in keys)
    return replace(reference, is_optional=optional, is_single=single)


def _attribute(column: Column, keys: Sequence[UniqueKey], referring: Collection[str]) -> Attribute:
    return Attribute(
        name=column.name,
        type=column.type,
        not_null=column.not_null,
        in_primary_key=any(key.is_primary and column.name in key.columns for key in keys),
        in_foreign_key=column.name in referring,
        is_unique=any(not key.is_primary and key.columns == (column.name,) for key in keys),
    )


def _of(catalog: Catalog, *kinds: str) -> Iterator[CatalogObject]:
    return (item for item in catalog.objects.values() if item.kind in kinds)
