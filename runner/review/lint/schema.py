"""What the files so far say of a database's schema: a value that grows statement by statement.

A name without a schema may mean any schema, so an answer is given only where it can be only one.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from runner.files.sqltext.phrase import Name
from runner.review.lint.types import BUILT_IN, Type

_DEPTH = 20  # of domains over domains and partitions of partitions, against a circle


@dataclass(slots=True)
class Column:
    """A column; its type is None where the files do not tell."""

    type: Type | None
    not_null: bool = False
    is_virtual: bool = False


@dataclass(slots=True)
class Constraint:
    """A constraint of a table."""

    kind: str  # CHECK, FOREIGN, UNIQUE, PRIMARY, EXCLUDE, NOT
    never_null: frozenset[str] = frozenset()  # columns that it proves to hold no NULL, once it is valid
    is_valid: bool = True
    is_copied: bool = False  # from a parent, or by LIKE


@dataclass(slots=True)
class Table:
    """A table, view or whatever else has rows."""

    name: Name
    columns: dict[str, Column] = field(default_factory=dict)
    constraints: dict[str, Constraint] = field(default_factory=dict)
    is_partitioned: bool = False
    is_whole: bool = False  # all its columns are known
    parent: Name | None = None  # whose partition it is

    def never_null(self, column: str) -> bool:
        """Return whether a column can hold no NULL: it is NOT NULL, or a valid constraint proves it."""
        known = self.columns.get(column)
        if known is not None and known.not_null:
            return True
        return any(c.is_valid and column in c.never_null for c in self.constraints.values())

    @property
    def is_checked(self) -> bool:
        """Whether it has a CHECK of its own that all its rows passed."""
        return any(c.is_valid and c.kind == "CHECK" and not c.is_copied for c in self.constraints.values())


@dataclass(slots=True)
class Domain:
    """A domain."""

    name: Name
    base: Type | None
    constraints: set[str] = field(default_factory=set)  # "" for NOT NULL


@dataclass(slots=True)
class Index:
    """An index, or a sequence that a column owns; it goes with its table."""

    name: Name
    table: Name
    columns: frozenset[str] = frozenset()  # all that an index names
    is_plain: bool = True  # no expression and no WHERE


@dataclass(slots=True)
class Routine:
    """A function; of several with one name the most careless."""

    name: Name
    is_volatile: bool = True
    has_search_path: bool = False
    is_definer: bool = False


class _Named(Protocol):
    name: Name


T = TypeVar("T", bound=_Named)


class Named(dict[str, list[T]]):
    """Objects by their bare name."""

    def find(self, name: Name | None) -> T | None:
        """Return what a name means, None where nothing is known or it may be one of several."""
        if name is None:
            return None
        found = self.get(name.name, ())
        exact = [item for item in found if item.name.schema == name.schema]
        near = exact or [item for item in found if item.name.may_be(name)]
        return near[0] if len(near) == 1 else None

    def put(self, item: T) -> None:
        """Add an object, in the place of one with the same name."""
        found = self.setdefault(item.name.name, [])
        found[:] = [other for other in found if other.name != item.name]
        found.append(item)

    def drop(self, name: Name) -> T | None:
        """Remove and return what a name means."""
        item = self.find(name)
        if item is not None:
            self[item.name.name].remove(item)
        return item

    def rename(self, name: Name, new: Name) -> None:
        """Give an object another name or schema."""
        item = self.drop(name)
        if item is not None:
            item.name = new
            self.put(item)

    def drop_schema(self, schema: str) -> None:
        """Remove what is in a schema."""
        for found in self.values():
            found[:] = [item for item in found if item.name.schema != schema]

    def rename_schema(self, schema: str, new: str) -> None:
        """Give what is in a schema another one."""
        for item in self.all():
            if item.name.schema == schema:
                item.name = Name(new, item.name.name)

    def all(self) -> Iterator[T]:
        """Yield every object."""
        for found in self.values():
            yield from found


@dataclass(slots=True)
class Schema:
    """Tables, domains, indexes and functions; `start` is asked for what no file so far has made."""

    tables: Named[Table] = field(default_factory=Named)
    domains: Named[Domain] = field(default_factory=Named)
    indexes: Named[Index] = field(default_factory=Named)
    routines: Named[Routine] = field(default_factory=Named)
    start: Schema | None = None
    gone: set[Name] = field(default_factory=set)  # tables of `start` that a file dropped

    def table(self, name: Name | None) -> Table | None:
        """Return a table, taken over from the start where no file has made it."""
        found = self.tables.find(name)
        if found is None and name is not None and self.start is not None and name.name not in self.tables:
            there = self.start.tables.find(name)
            if there is not None and there.name not in self.gone:
                found = copy.deepcopy(there)
                self.tables.put(found)
        return found

    def never_null(self, name: Name | None, column: str) -> bool:
        """Return whether a column can hold no NULL, for its own table or for the one whose partition it is."""
        for _ in range(_DEPTH):
            table = self.table(name)
            if table is None:
                return False
            if table.never_null(column):
                return True
            name = table.parent
        return False

    def domain(self, type_: Type | None) -> Domain | None:
        """Return the domain that a type is, None where it is none, or not known as one."""
        if type_ is None or (type_.schema is None and type_.name in BUILT_IN):  # pg_catalog comes first
            return None
        name = Name(type_.schema, type_.name)
        found = self.domains.find(name)
        if found is None and self.start is not None and name.name not in self.domains:
            return self.start.domain(type_)
        return found

    def is_constrained(self, type_: Type | None) -> bool:
        """Return whether values of a type are checked: a domain with a constraint, its own or of what it is made of."""
        for _ in range(_DEPTH):
            domain = self.domain(type_)
            if domain is None:
                return False
            if domain.constraints:
                return True
            type_ = domain.base
        return False

    def base(self, type_: Type) -> Type | None:
        """Return the type below domains, None where it is not known."""
        current: Type | None = type_
        for _ in range(_DEPTH):
            domain = self.domain(current)
            if domain is None or current is None:
                return current
            if current.is_array:
                return type_
            current = domain.base
        return None

    def routine(self, name: Name | None) -> Routine | None:
        """Return a function that a file made."""
        found = self.routines.find(name)
        if found is None and self.start is not None and name is not None and name.name not in self.routines:
            return self.start.routine(name)
        return found

    def owner(self, name: Name) -> Name | None:
        """Return the table of an index or an owned sequence."""
        found = self.indexes.find(name)
        if found is None and self.start is not None and name.name not in self.indexes:
            return self.start.owner(name)
        return None if found is None else found.table

    def indexes_of(self, table: Name, column: str) -> list[Index]:
        """Return the indexes of a table that name a column."""
        found = [index for index in self.indexes.all() if index.table == table and column in index.columns]
        return found if self.start is None else [*found, *self.start.indexes_of(table, column)]

    def drop_table(self, name: Name) -> None:
        """Forget a table, its partitions and indexes."""
        self.gone.add(name)
        dropped = self.tables.drop(name)
        if dropped is None:
            return
        self.gone.add(dropped.name)
        for index in [index for index in self.indexes.all() if index.table == dropped.name]:
            self.indexes[index.name.name].remove(index)
        if dropped.is_partitioned:
            for part in [t for t in self.tables.all() if t.parent == dropped.name]:
                self.drop_table(part.name)

    def drop_schema(self, schema: str) -> None:
        """Forget what is in a schema."""
        for name in [table.name for table in self.tables.all() if table.name.schema == schema]:
            self.drop_table(name)
        self.domains.drop_schema(schema)
        self.indexes.drop_schema(schema)
        self.routines.drop_schema(schema)

    def rename_schema(self, schema: str, new: str) -> None:
        """Give a schema another name; what is in it follows."""
        for name in [table.name for table in self.tables.all() if table.name.schema == schema]:
            self.rename_table(name, Name(new, name.name))
        self.domains.rename_schema(schema, new)
        self.indexes.rename_schema(schema, new)
        self.routines.rename_schema(schema, new)

    def rename_type(self, name: Name, new: Name) -> None:
        """Give a type another name or schema; columns, and domains made of it, follow."""
        domain = self.domains.find(name)
        old = name if domain is None else domain.name
        self.domains.rename(old, Name(new.schema or old.schema, new.name))
        for made in self.domains.all():
            made.base = _renamed(made.base, old, new)
        for table in self.tables.all():
            for column in table.columns.values():
                column.type = _renamed(column.type, old, new)

    def rename_table(self, name: Name, new: Name) -> None:
        """Give a table another name; what belongs to it follows."""
        table = self.table(name)
        if table is None:
            return
        old = table.name
        for index in self.indexes.all():
            if index.table == old:
                index.table = new
        for part in self.tables.all():
            if part.parent == old:
                part.parent = new
        self.tables.rename(old, new)
        self.gone.add(old)


def _renamed(type_: Type | None, old: Name, new: Name) -> Type | None:
    """Return a type under its new name, where it is the one that got it."""
    if type_ is None or not Name(type_.schema, type_.name).may_be(old):
        return type_
    return type_._replace(schema=new.schema or type_.schema, name=new.name)
