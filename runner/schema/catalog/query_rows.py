"""What the queries return, one class a query; the fields are the columns in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Relation(NamedTuple):
    """A table, view or materialized view."""

    oid: int
    schema_name: str
    raw_name: str
    qualified: str
    kind: str  # r table, p partitioned table, f foreign table, v view, m materialized view
    unlogged: bool
    options: list[str] | None
    toast_options: list[str] | None
    tablespace: str | None
    access_method: str | None
    row_security: bool
    force_row_security: bool
    replica_identity: str  # d default, f full, n nothing, i an index
    partition_key: str | None
    partition_bound: str | None
    of_type: str | None
    view_definition: str | None
    server: str | None  # of a foreign table
    foreign_options: list[str] | None
    view_columns: str | None  # of a view that something uses: a NULL of each column's type
    owner: str


class Column(NamedTuple):
    """A column of a table, materialized view or composite type, or one of a view that has a default."""

    relation: int
    number: int
    name: str
    type: str
    compression: str | None
    collation: str | None  # where it is not the type's own
    not_null: bool  # by a constraint that is valid and that children inherit
    not_null_oid: int | None  # the constraint, which has a row since PostgreSQL 18
    not_null_name: str | None
    quoted_not_null_name: str | None
    is_not_null_local: bool
    expression: str | None
    generated: str  # s stored, v virtual, or empty
    identity: str  # a always, d by default, or empty
    storage: str | None  # where it is not the type's own
    usual_storage: str
    statistics_target: int | None
    options: list[str] | None
    foreign_options: list[str] | None
    is_local: bool

    @property
    def definition(self) -> str:
        """Name, type, compression and collation."""
        compression = f" COMPRESSION {self.compression}" if self.compression else ""
        return f"{self.plain_definition[0]}{compression}{self.plain_definition[1]}"

    @property
    def plain_definition(self) -> tuple[str, str]:
        """Name and type, and the collation: what stands before and after the compression."""
        return f"{self.name} {self.type}", f" COLLATE {self.collation}" if self.collation else ""


class Constraint(NamedTuple):
    """A constraint of a table or domain."""

    oid: int
    relation: int
    domain: int
    raw_name: str
    name: str
    kind: str  # p primary key, u unique, x exclusion, c check, f foreign key, n not null
    definition: str
    columns: list[int] | None  # numbers
    referenced: int  # the table of a foreign key, or 0
    referenced_columns: list[int] | None
    not_null_column: int | None
    is_deferrable: bool
    is_deferred: bool
    predicate: str | None  # of an exclusion constraint: the condition after WHERE
    index_oid: int
    index_name: str | None
    index_options: list[str] | None
    index_tablespace: str | None
    is_clustered: bool
    is_replica_identity: bool
    statistics_targets: list[list[int]] | None  # column, target
    is_switched_off: bool  # by DISABLE TRIGGER ALL: it is there, and holds nobody
    is_inherited: bool  # and here because it is valid, which it is not in the parent


class Index(NamedTuple):
    """An index that no constraint owns."""

    oid: int
    relation: int
    raw_name: str
    name: str
    qualified: str
    definition: str
    predicate: str | None  # the condition after WHERE
    key_columns: list[int] | None  # numbers, of a unique index on columns over the whole table
    tablespace: str | None
    is_invalid: bool
    is_clustered: bool
    is_replica_identity: bool
    statistics_targets: list[list[int]] | None  # column, target


class Sequence(NamedTuple):
    """A sequence, with the column that owns it."""

    oid: int
    schema_name: str
    raw_name: str
    qualified: str
    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool
    unlogged: bool
    is_unlike_its_table: bool  # of which one is unlogged, and the other not
    table: int | None
    column: int | None
    is_identity: bool
    owner: str


class Function(NamedTuple):
    """A function, procedure or aggregate."""

    oid: int
    schema_name: str
    kind: str  # f function, p procedure, w window function, a aggregate
    qualified: str
    signature: str
    arguments: str
    definition: str | None
    owner: str


class Type(NamedTuple):
    """An enum, domain, range or composite type."""

    oid: int
    schema_name: str
    raw_name: str
    qualified: str
    kind: str  # e enum, d domain, r range, c composite
    relation: int
    labels: list[str] | None
    base_type: str | None
    not_null: bool
    not_null_oid: int | None  # of a domain, since PostgreSQL 17
    not_null_name: str | None
    quoted_not_null_name: str | None
    expression: str | None
    subtype: str | None
    operator_class: str | None
    collation: str | None
    canonical: str | None
    subtype_difference: str | None
    multirange_name: str | None
    multirange: str | None
    multirange_oid: int | None
    owner: str


class Trigger(NamedTuple):
    """A trigger, or a partition's own switch for its parent's."""

    oid: int
    relation: int
    from_relation: int  # of a constraint trigger, or 0
    raw_name: str
    name: str
    definition: str | None  # none: a partition's own switch for its parent's trigger
    enabled: str  # O as usual, D disabled, R on replicas, A always


class Rule(NamedTuple):
    """A rewrite rule."""

    oid: int
    relation: int
    raw_name: str
    name: str
    definition: str
    enabled: str


class Policy(NamedTuple):
    """A row security policy."""

    oid: int
    relation: int
    raw_name: str
    name: str
    permissive: bool
    command: str | None
    roles: list[str] | None
    using_expression: str | None
    check_expression: str | None


class Statistics(NamedTuple):
    """Extended statistics."""

    oid: int
    relation: int
    qualified: str
    kinds: list[str]  # d ndistinct, f dependencies, m mcv, e expressions
    columns: list[str] | None
    expressions: str | None
    target: int | None
    owner: str


class EventTrigger(NamedTuple):
    """An event trigger."""

    oid: int
    name: str
    event: str
    tags: list[str] | None
    function: str
    enabled: str
    owner: str


class Schema(NamedTuple):
    """A schema."""

    oid: int
    raw_name: str
    name: str
    owner: str


class Extension(NamedTuple):
    """An extension."""

    oid: int
    name: str
    schema_name: str
    schema: str


class Definition(NamedTuple):
    """An object of a kind that needs nothing but its own statement: a collation, an operator, a server."""

    catalog: int
    oid: int
    kind: str  # as SQL names it, in small letters
    schema_name: str | None
    identity: str
    sql: str  # without the options of foreign data and the last semicolon
    options: list[str] | None  # of foreign data, as name=value
    owner: str | None
    within: (
        list[list[int]] | None
    )  # what it is a part of, by catalog and oid: without each of them it is left out
    needs: list[list[int]] | None  # beside what pg_depend says


class Comment(NamedTuple):
    """A comment on anything."""

    catalog: int
    oid: int
    column: str | None
    text: str


class Grant(NamedTuple):
    """One right of one role on one object, or what a new object would have."""

    catalog: int
    oid: int
    kind: str  # as acldefault() has it: r table, s sequence, c column, f function, T type, n schema
    column: str | None
    is_default: bool
    grantee: str | None  # none: a role that was dropped meanwhile
    privilege: str
    is_grantable: bool
    grantor: str | None  # where it is not the owner


class DefaultPrivilege(NamedTuple):
    """One right that future objects get."""

    role: str
    schema_name: str | None
    schema: str | None
    kind: str  # r tables, S sequences, f functions, T types, n schemas, L large objects
    is_default: bool
    grantee: str | None  # none: a role that was dropped meanwhile
    privilege: str
    is_grantable: bool
    grantor: None  # always the role itself


class Dependency(NamedTuple):
    """One object needs another."""

    catalog: int
    oid: int
    needs_catalog: int
    needs_oid: int
    default_column: int | None


class Undescribed(NamedTuple):
    """What is there and has no place in a catalog."""

    kind: str
    schema_name: str | None
    name: str
    sql: str | None  # what is known of it
    is_usual: bool  # every database has it so

    @property
    def identity(self) -> str:
        """Its name, with its schema if it has one."""
        return self.name if self.schema_name is None else f"{self.schema_name}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Every row the queries returned, at one moment."""

    server_version: int  # as libpq has it: 150004
    main_owner: str
    schemas: list[Schema]
    extensions: list[Extension]
    types: list[Type]
    sequences: list[Sequence]
    functions: list[Function]
    aggregates: dict[int, list[list[str | None]]]
    relations: list[Relation]
    columns: list[Column]
    inherits: list[tuple[int, int]]
    constraints: list[Constraint]
    indexes: list[Index]
    triggers: list[Trigger]
    rules: list[Rule]
    policies: list[Policy]
    statistics: list[Statistics]
    event_triggers: list[EventTrigger]
    definitions: list[Definition]
    comments: list[Comment]
    grants: list[Grant]
    default_privileges: list[DefaultPrivilege]
    dependencies: list[Dependency]
    undescribed: list[Undescribed]
