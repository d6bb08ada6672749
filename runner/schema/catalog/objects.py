"""The schema as a value: named objects, each with the SQL that makes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from runner.files.sqltext.identifiers import NAME, QUALIFIED

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = tuple[str, str]  # kind and identity: ("index", "idx_users_role on public.users")


# What other objects can belong to; their identities are distinct as far as a parent is concerned.
PARENTS = frozenset(
    {
        "schema",
        "type",
        "domain",
        "sequence",
        "function",
        "procedure",
        "aggregate",
        "table",
        "foreign table",
        "view",
        "materialized view",
        "event trigger",
    }
)

# Kinds whose names may also be a table's: a part names its parent with the kind, "collation public.german".
NAMED_WITH_KIND = (
    "collation",
    "text search parser",
    "text search template",
    "text search dictionary",
    "text search configuration",
    "cast",
    "operator class",
    "operator family",
    "operator",
    "foreign data wrapper",
    "server",
    "user mapping",
    "publication",
)
KEYWORDS = (
    "MATERIALIZED VIEW",
    "EVENT TRIGGER",
    "FOREIGN TABLE",
    "FOREIGN SERVER",
    *(kind.upper() for kind in NAMED_WITH_KIND if " " in kind),
)


NOTES = frozenset({"column order", "not null name"})


def cut_keyword(target: str) -> tuple[str, str]:
    """Cut "TEXT SEARCH PARSER public.p" into what SQL calls it and its name."""
    keyword = next((k for k in KEYWORDS if target.startswith(f"{k} ")), target.partition(" ")[0])
    return keyword, target.removeprefix(keyword).lstrip()


# What belongs to a table or domain, as COMMENT ON has it.
PART = re.compile(
    rf"(?:CONSTRAINT|TRIGGER|RULE|POLICY) (?P<name>{NAME}) ON (?P<domain>DOMAIN )?(?P<of>{QUALIFIED})"
)


def in_words(target: str) -> str:
    """Write what a statement is about as a sentence has it: "TABLE public.users" as "table public.users"."""
    keyword, name = cut_keyword(target)
    part = PART.fullmatch(target)
    if part is not None:
        name = f"{part['name']} on {'domain ' if part['domain'] else ''}{part['of']}"
    return f"{keyword.lower()} {name}"


def as_parent(kind: str, identity: str) -> str:
    """Return what parts of an object name as their parent."""
    return f"{kind} {identity}" if kind in NAMED_WITH_KIND else identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table, inherited or its own; names and types are as SQL has them."""

    name: str
    type: str
    not_null: bool
    line: str = ""  # in the parentheses of CREATE TABLE
    collation: str | None = None  # where it is not the type's own
    compression: str | None = None
    default: str | None = None  # an expression, which is also what a generated column is computed from
    generated: str | None = None  # STORED or VIRTUAL
    identity: str | None = None  # ALWAYS or BY DEFAULT
    numbers: NumberSequence | None = None  # of an identity column or a serial one
    is_inherited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSequence:
    """A sequence: its name, type and those of its options that differ from a plain one's."""

    name: str
    type: str
    options: tuple[str, ...] = ()
    unlogged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumType:
    """The labels of an enum, in their order and as SQL literals."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeType:
    """The attributes of a composite type, each with what defines it."""

    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain without its CHECK constraints."""

    base: str  # its type and collation
    default: str | None
    not_null: bool
    not_null_name: str | None  # where it is not the usual one


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """CREATE TABLE in its parts."""

    head: str  # "CREATE TABLE public.users"
    lines: (
        tuple[tuple[str, str], ...] | None
    )  # what is in its parentheses, each with what names it; None: PARTITION OF
    tail: str  # what follows, with further statements
    columns: tuple[
        Column, ...
    ] = ()  # all, in their physical order; not known of a table that was read from text
    partition_of: str | None = None
    bound: str | None = None  # of a partition
    partition_key: str | None = None
    parents: tuple[str, ...] = ()  # that it inherits from
    unlogged: bool = False
    options: tuple[str, ...] = ()  # storage parameters, as SQL has them
    tablespace: str | None = None
    access_method: str | None = None
    foreign: str | None = None  # the server and options of a foreign table

    @property
    def sql(self) -> str:
        """The statements that make it."""
        if self.lines is None:
            return f"{self.head} {self.tail}"
        body = ",\n".join(f"    {line}" for _, line in self.lines)
        return f"{self.head} (\n{body}\n){self.tail}" if body else f"{self.head} (){self.tail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueKey:
    """A primary key, a UNIQUE constraint, or a unique index on columns over the whole table."""

    columns: tuple[str, ...]
    is_primary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """The columns that refer to a table, and those that they refer to."""

    columns: tuple[str, ...]
    to: str
    to_columns: tuple[str, ...]


Structure = Table | UniqueKey | ForeignKey | NumberSequence | EnumType | CompositeType | Domain


@dataclass(frozen=True, slots=True)
class CatalogObject:
    """One thing that a migration can make, change or drop."""

    kind: str  # as SQL names it: table, index, function, …; also grant, comment, default privileges, …
    identity: str  # schema-qualified and quoted as in SQL; "name on relation" for what belongs to a relation
    sql: str  # the canonical statements that make it, each ended by a semicolon
    parent: str | None = None  # the identity of what it belongs to and disappears with
    structure: Structure | None = field(default=None, compare=False)  # what `sql` says, in parts
    undo: str = field(default="", compare=False)  # the statements that take it away; not known of a text
    needs: tuple[Key, ...] = field(default=(), compare=False)  # what must be there first; not known of a text

    @property
    def key(self) -> Key:
        """What names it in a catalog."""
        return (self.kind, self.identity)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The objects of a database's schemas, in an order in which their SQL can be run.

    Two catalogs are equal when they hold the same objects with the same SQL, in whatever order.
    """

    objects: Mapping[Key, CatalogObject] = field(default_factory=dict)
    # What is there but not described, as "conversion public.c": no difference is ever found in it.
    unsupported: tuple[str, ...] = field(default=(), compare=False)


class Change(StrEnum):
    """How an object differs from what is expected."""

    MISSING = "missing"
    UNEXPECTED = "unexpected"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not as expected; str() is the line for people."""

    kind: str
    identity: str
    change: Change
    expected_sql: str | None
    actual_sql: str | None

    @property
    def is_note(self) -> bool:
        """Whether no statement can mend it and no query depends on it: it is shown, and decides nothing.

        A column that was added again stands last. The names of NOT NULL constraints exist since PostgreSQL 18, and
        the same files give another name where a table was renamed.
        """
        return self.kind in NOTES

    def __str__(self) -> str:
        return f"{self.change} {self.kind} {self.identity}"
