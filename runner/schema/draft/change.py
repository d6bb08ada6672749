"""The steps that make one catalog into another.

What is alike stays. What is gone is dropped, after what needs it; what is new is made, after what it needs; what has
changed is altered where a statement can, and otherwise dropped and made again with all that hangs on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from runner.schema.catalog.objects import (
    NAMED_WITH_KIND,
    PARENTS,
    Catalog,
    CatalogObject,
    Column,
    EnumType,
    Key,
    NumberSequence,
    Table,
    UniqueKey,
    as_parent,
)
from runner.schema.draft.alter import UndraftableError, altering, can_alter_type, enum_values, lost_attributes
from runner.schema.draft.columns import NoStatementError, TableChange, alter_sequence, table_change
from runner.schema.draft.safe import Fills, not_valid_and_proof, proven_not_null, unique_over_index
from runner.schema.draft.steps import Mode, Step

_TABLES = frozenset({"table", "foreign table"})
_RELATIONS = frozenset({*_TABLES, "view", "materialized view", "sequence"})
_INDEXES = frozenset({"index", "constraint"})
# They vanish with whatever they are about, and with it they are made again.
_ATTACHED = frozenset(
    {
        "comment", "owner", "grant", "revoke", "index statistics", "cluster", "replica identity",
        "row level security", "column default", "column storage", "column statistics", "column compression",
        "column options", "foreign column options", "sequence ownership", "sequence persistence",
        "constraint validation", "index attachment",
    }
)  # fmt: skip
_SET_ANEW = _ATTACHED - {"grant", "revoke", "row level security"}  # their statement replaces what was
_IN_CIRCLES = frozenset({"column default", "view query"})  # what they need may need what they belong to
REPLACED = frozenset(
    {"function", "procedure", "view", "view query"}
)  # CREATE OR REPLACE, where the server lets it


_WITHOUT_ROWS = "\n  WITH NO DATA;"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How a draft goes about it."""

    is_safe: bool = True  # whether tables that are there are changed so that nobody waits for long
    concurrently: bool = False  # whether indexes are made and dropped outside transactions, in any case
    native_not_null: bool = False  # since PostgreSQL 18
    checks_bodies: bool = True  # of routines; without, they may use each other
    remade: frozenset[Key] = frozenset()  # that the server refused to alter, with what hangs on them
    silent: frozenset[Key] = frozenset()  # that come, or go, with what another statement does
    in_batches: frozenset[tuple[str, str]] = (
        frozenset()
    )  # new columns, of which the server computed a value for each row
    cast: frozenset[Key] = frozenset()  # tables of which a new type has no assignment cast
    fills: Fills = field(default_factory=Fills)


def steps(present: Catalog, wanted: Catalog, ways: Ways) -> list[Step]:
    """Return the steps that lead from the one catalog to the other, each knowing those that come before it.

    Raises: UndraftableError.
    """
    return list(_Drafting(present, wanted, ways).steps())


class _Drafting:
    def __init__(self, present: Catalog, wanted: Catalog, ways: Ways) -> None:
        self._was, self._is = present.objects, wanted.objects
        self._ways = ways
        self._rank = {key: number for number, key in enumerate([*self._is, *reversed([*self._was])])}
        self._rank |= {key: number for number, key in enumerate(self._is)}
        self._users: dict[Key, list[Key]] = defaultdict(list)
        for key, item in self._was.items():
            for need in item.needs:
                self._users[need].append(key)
        self._wholes = {as_parent(*key): key for key in self._was if key[0] in {*PARENTS, *NAMED_WITH_KIND}}
        freed, taken = _numbers(present), _numbers(wanted)
        had, has = _sequences(present), _sequences(wanted)
        both = {name: has[name] for name in freed.keys() & has.keys()}
        both |= {name: had[name] for name in taken.keys() & had.keys()}
        self._kept_sequences = both
        self._freed = {name: (*freed[name], has[name]) for name in freed.serials & has.keys()}
        self._taken = {name: (*taken[name], had[name]) for name in taken.serials & had.keys()}
        kept = {("sequence", name) for name in both}
        changed = {k for k, item in self._is.items() if k in self._was and not _alike(self._was[k], item)}
        gone = {key for key in self._was if key not in self._is} - kept
        for key in gone:
            if (
                key[0] == "constraint validation"
                and self._wholes.get(self._was[key].parent or "") not in gone
            ):
                reason = "what is valid in a child cannot become NOT VALID in it alone"
                raise UndraftableError(self._was[key], None, reason)
        again = {key for key in changed if self._is_made_again(key)} | (ways.remade & self._was.keys())
        self._dropped = self._closed(gone | again | set(self._wholes_of_silent(gone | again)))
        self._made = {key for key in self._is if key not in self._was or key in self._dropped} - kept
        self._altered = changed - self._made
        self._attachments = [item for key, item in self._is.items() if key[0] == "index attachment"]
        self._last: dict[Key, Step] = {}  # the step after which a thing is as it is wanted
        self._first: dict[Key, Step] = {}
        self._proven: dict[Key, Step] = {}  # the step after which a table's columns are NOT NULL

    def _is_made_again(self, key: Key) -> bool:
        """Return whether a change of this thing is a drop and a create, as no statement alters it."""
        kind, was, is_ = key[0], self._was[key], self._is[key]
        if kind in _TABLES:
            return _is_other_foreign_table(was, is_)
        if kind == "type":
            return not can_alter_type(was, is_)
        if kind in {"constraint", "foreign key"} and is_.sql == was.sql.replace(" NOT VALID;", ";"):
            return False
        return kind not in {*_SET_ANEW, *REPLACED, "sequence", "domain", "extension"}

    def _wholes_of_silent(self, dropped: set[Key]) -> Iterator[Key]:
        """Yield what has to be dropped and made again because no statement takes away a part of it."""
        for key in dropped:
            item = self._was[key]
            if key[0] == "index attachment":
                if self._is_detached(item):
                    continue
                ends = [need for need in item.needs if need[0] in _INDEXES]
                yield from ends if dropped.isdisjoint(ends) else ()
            elif not item.undo and item.parent is not None and key[0] not in _ATTACHED:
                whole = self._wholes.get(item.parent)
                if whole is not None and whole[0] in NAMED_WITH_KIND:
                    yield whole

    def _is_detached(self, attachment: CatalogObject) -> bool:
        """Return whether a partition is detached, and its index with it."""
        own = next((self._was[key] for key in self._attached_by(attachment.key)), None)
        key = ("table", (own and own.parent) or "")
        was, is_ = self._was.get(key), self._is.get(key)
        if was is None or is_ is None:
            return False
        before, after = was.structure, is_.structure
        return (
            isinstance(before, Table)
            and isinstance(after, Table)
            and before.partition_of is not None
            and (before.partition_of, before.bound) != (after.partition_of, after.bound)
        )

    def _closed(self, dropped: set[Key]) -> set[Key]:
        """Add what cannot stay when these are dropped."""
        closed, new = set(dropped), list(dropped)
        below: dict[Key, list[Key]] = defaultdict(list)
        for key, item in self._was.items():
            whole = None if item.parent is None else self._wholes.get(item.parent)
            if whole is not None and whole != key:
                below[whole].append(key)
        while new:
            key = new.pop()
            for user in (*self._users[key], *below[key]):
                if user not in closed and self._falls_with(user, key):
                    fallen = {user, *self._attached_by(user)} - closed
                    closed |= fallen
                    new += fallen
        return closed

    def _attached_by(self, key: Key) -> Iterator[Key]:
        """Yield the index that an attachment attaches, which the server drops with the one that it is attached to."""
        if key[0] == "index attachment":
            for need in self._was[key].needs:
                if need[0] in _INDEXES and key[1].startswith(f"{_index_name(self._was[need])} to "):
                    yield need

    def _falls_with(self, user: Key, key: Key) -> bool:
        """Return whether a thing has to go when what it needs is dropped."""
        item = self._was[user]
        if user[0] in _ATTACHED or (item.parent is not None and self._wholes.get(item.parent) == key):
            return True
        wanted = self._is.get(user)
        still_needs = wanted is not None and key in wanted.needs
        if user[0] in {*_TABLES, "sequence", "schema"}:
            if still_needs and key[0] not in {"schema"}:
                raise UndraftableError(
                    self._was[key],
                    self._is.get(key),
                    f"it would have to be dropped and made again, but {user[0]} {user[1]} holds data and uses it",
                )
            return False
        if user[0] in {*_INDEXES, "foreign key"} and key[0] in _TABLES and wanted is not None:
            return still_needs  # a key of a table that loses a child, after which alone it could be made
        return wanted is None or still_needs or user[0] not in REPLACED

    def steps(self) -> Iterator[Step]:
        drops = {key: step for key in self._dropped if (step := self._drop(key)) is not None}
        yield from drops.values()
        sheds: list[tuple[Key, Step]] = []
        for key in self._is:
            made: list[Step] = []
            if key in self._made:
                made = self._make(key)
            elif key in self._altered:
                made, shed = self._alter(key)
                sheds += [(key, step) for step in shed]
            if made:
                self._first[key], self._last[key] = made[0], self._last.get(key, made[0])
                yield from made
        yield from (step for _, step in sheds)
        yield from self._of_kept_sequences()
        self._connect(drops, sheds)

    def _of_kept_sequences(self) -> Iterator[Step]:
        """Yield what changes sequences that a serial column takes over, or that no longer are a serial column's."""
        for name, (table, before, after) in self._freed.items():
            owned = ("sequence ownership", name) in self._is
            statements = [*alter_sequence(before, after, name=name)]
            statements += [] if owned else [f"ALTER SEQUENCE {name} OWNED BY NONE;"]
            yield from self._of_kept_sequence(name, table, statements)
        for name, (table, after, before) in self._taken.items():
            yield from self._of_kept_sequence(name, table, [*alter_sequence(before, after, name=name)])

    def _of_kept_sequence(self, name: str, table: Key, statements: list[str]) -> Iterator[Step]:
        if statements:
            after = {id(self._last[table])} if table in self._last else set()
            yield Step("\n\n".join(statements), ("sequence", name), rank=(1, self._rank[table]), after=after)

    def _connect(self, drops: dict[Key, Step], sheds: list[tuple[Key, Step]]) -> None:
        """Let each step know those before it."""
        by_identity: dict[str, list[Step]] = defaultdict(list)
        for key in self._dropped:
            gone = drops.get(key) or self._drop_of_whole(key, drops)
            for name in _names(self._was[key]) if gone is not None else ():
                by_identity[name] += [gone] if gone is not None else []
        for key, step in drops.items():
            users = self._with_silent(key, drops)
            step.after |= {id(drops[user]) for user in users if user in drops}
            wholes = (
                self._drop_of_whole(user, drops) for user in users - drops.keys() if user in self._dropped
            )
            step.after |= {id(whole) for whole in wholes if whole is not None and whole is not step}
            step.after |= {
                id(self._last[user]) for user in users if user in self._altered & self._last.keys()
            }
            step.after |= {id(shed) for user, shed in sheds if user in users}
            if key[0] == "schema":
                within = f"{key[1]}."
                step.after |= {id(other) for (_, name), other in drops.items() if name.startswith(within)}
        for key, step in self._first.items():
            item = self._is[key]
            step.after |= {id(self._last[need]) for need in item.needs if need in self._last}
            if isinstance(item.structure, UniqueKey) and item.structure.is_primary and key not in self._was:
                step.after |= {id(self._proven[need]) for need in item.needs if need in self._proven}
            for name in _names(item):
                step.after |= {id(drop) for drop in by_identity[name]}
            if key in self._altered:  # what blocks it goes first
                step.after |= {
                    id(drops[user])
                    for user in self._users[key]
                    if user in drops and drops[user].mode is not Mode.DESTROY
                }
        for (
            attachment
        ) in self._attachments:  # a partition's key or index first, and none is built for all at once
            ends = [self._is[need] for need in attachment.needs if need[0] in _INDEXES and need in self._is]
            own = next((end.key for end in ends if _is_attached(end, attachment)), None)
            above = next((end.key for end in ends if end.key != own), None)
            if above in self._first and own in self._last:
                self._first[above].after.add(id(self._last[own]))
        for key, shed in sheds:
            shed.after |= {id(self._last[key])} if key in self._last else set()
            for user in self._users[key]:
                shed.after |= {id(other[user]) for other in (drops, self._last) if user in other}
        for step in (*drops.values(), *self._first.values(), *self._last.values()):
            step.after.discard(id(step))

    def _drop_of_whole(self, key: Key, drops: dict[Key, Step]) -> Step | None:
        """Return the step with which a part goes that has none of its own."""
        seen = {key}
        while key not in drops:
            parent = self._was[key].parent
            whole = None if parent is None else self._wholes.get(parent)
            if whole is None or whole in seen:
                return None
            seen.add(whole)
            key = whole
        return drops[key]

    def _with_silent(self, key: Key, drops: dict[Key, Step]) -> set[Key]:
        """Return what uses a thing, and what uses those parts of it that have no statement of their own."""
        found, new = set(), [key]
        while new:
            for user in self._users[new.pop()]:
                if user not in found:
                    found.add(user)
                    if user in self._dropped and user not in drops:
                        new.append(user)
        return found

    def _drop(self, key: Key) -> Step | None:
        item = self._was[key]
        if key in self._ways.silent:
            return None
        whole = None if item.parent is None else self._wholes.get(item.parent)
        if key[0] in _IN_CIRCLES:
            return Step(item.undo, key, rank=(0, self._rank[key]))
        if whole is not None and whole != key and whole in self._dropped:
            if not self._is_in_circle(key, whole):
                return None
            return Step(item.undo, key, rank=(0, self._rank[key])) if item.undo else None
        if key[0] in _ATTACHED and any(need in self._dropped for need in item.needs):
            return None
        if key[0] in _INDEXES and self._hangs_on_dropped(key):
            return None
        if not item.undo:
            return None
        step = Step(item.undo, key, rank=(0, self._rank[key]))
        loses = {"table": "with its rows", "sequence": "with its next number"}.get(key[0])
        if loses is not None:
            step.loses = f"{key[0]} {key[1]}, {loses}"
            step.mode = Mode.DESTROY if self._ways.is_safe else Mode.TRANSACTION
        concurrently = not (self._ways.is_safe and self._replaces(key))
        if key[0] == "index" and concurrently and self._is_on_kept_table(item):
            step.sql, step.mode = (
                step.sql.replace("DROP INDEX ", "DROP INDEX CONCURRENTLY ", 1),
                Mode.CONCURRENTLY,
            )
        return step

    def _is_in_circle(self, key: Key, whole: Key) -> bool:
        """Return whether a part uses something dropped that itself uses the whole, so that neither can go before the other."""
        if key[0] in _ATTACHED:
            return False
        routines = (
            need for need in self._was[key].needs if need[0] in {"function", "procedure", "aggregate"}
        )
        new = [need for need in routines if need in self._dropped]
        seen = set(new)
        while new:
            item = self._was.get(new.pop())
            if item is None or item.parent == self._was[key].parent:
                continue
            if whole in item.needs:
                return True
            new += (found := {need for need in item.needs if need not in seen and need in self._dropped})
            seen |= found
        return False

    def _hangs_on_dropped(self, key: Key) -> bool:
        """Return whether an index is attached to one that is dropped, and goes with it."""
        for user in self._users[key]:
            if key in self._attached_by(user):
                return all(need in self._dropped for need in self._was[user].needs if need[0] in _INDEXES)
        return False

    def _is_on_kept_table(self, item: CatalogObject) -> bool:
        """Return whether this draft is careful with the table, or materialized view, that a thing belongs to."""
        if not (self._ways.is_safe or self._ways.concurrently) or item.parent is None:
            return False
        for kind in ("table", "materialized view"):
            key = (kind, item.parent)
            if key in self._was and key in self._is and key not in self._dropped:
                structure = self._is[key].structure
                return not (isinstance(structure, Table) and structure.partition_key is not None)
        return False

    def _replaces(self, key: Key) -> bool:
        """Return whether a key or index takes the place of another: between two files nothing would hold what it holds."""
        identities = {(kind, key[1]) for kind in ("index", "constraint", "foreign key")}
        is_index = key[0] == "index" and not isinstance(self._structure(key), UniqueKey)
        return (
            not is_index and not self._dropped.isdisjoint(identities) and not identities.isdisjoint(self._is)
        )

    def _structure(self, key: Key) -> object:
        return (self._is.get(key) or self._was[key]).structure

    def _comes_with_partition(self, item: CatalogObject) -> bool:
        """Return whether a new partition gets a thing from its parent, which has it already."""
        if item.kind == "constraint validation":
            return self._is_new_partition(item.parent)
        if item.kind == "index attachment":
            ends = [self._is[need] for need in item.needs if need[0] in _INDEXES and need in self._is]
            own = next((end for end in ends if _is_attached(end, item)), None)
            above = next((end for end in ends if end is not own), None)
            return (
                own is not None
                and above is not None
                and self._is_new_partition(own.parent)
                and (above.key not in self._made or self._comes_with_partition(above))
            )
        if item.kind not in _INDEXES or not self._is_new_partition(item.parent):
            return False
        attachments = (other for other in self._attachments if _is_attached(item, other))
        return any(self._comes_with_partition(other) for other in attachments)

    def _is_new_partition(self, name: str | None) -> bool:
        item = self._is.get(("table", name or "")) or self._is.get(("foreign table", name or ""))
        if item is None or item.key not in self._made or not isinstance(item.structure, Table):
            return False
        above = ("table", item.structure.partition_of or "")
        return above in self._is and (above not in self._made or self._is_new_partition(above[1]))

    def _make(self, key: Key) -> list[Step]:
        item = self._is[key]
        if key in self._ways.silent or self._comes_with_partition(item):
            return []
        is_routine = key[0] in {
            "function",
            "procedure",
        }  # whose body may name what the server does not know of
        rank = (2 if is_routine else 1, self._rank[key])
        if key[0] == "materialized view":  # without rows nobody could read it
            return [Step(f"{item.sql.removesuffix(_WITHOUT_ROWS)};", key, rank=rank)]
        if not self._is_on_kept_table(item):
            return [Step(item.sql, key, rank=rank)]
        if key[0] == "index" and not (self._ways.is_safe and self._replaces(key)):
            sql = item.sql.replace("INDEX ", "INDEX CONCURRENTLY ", 1)
            return [Step(sql, key, Mode.CONCURRENTLY, rank)]
        if not self._ways.is_safe or self._replaces(key):
            return [Step(item.sql, key, rank=rank)]
        if key[0] == "constraint" and (found := unique_over_index(item)) is not None:
            index, constraint = found
            first = Step(index, key, Mode.CONCURRENTLY, rank)
            second = Step(constraint, key, rank=rank, after={id(first)})
            self._last[key] = second
            return [first, second]
        proven = not_valid_and_proof(item)
        if key[0] in {"constraint", "foreign key"} and proven is not None:
            first = Step(proven[0], key, rank=rank)
            return [first, Step(proven[1], key, Mode.VALIDATE, rank, after={id(first)})]
        return [Step(item.sql, key, rank=rank)]

    def _alter(self, key: Key) -> tuple[list[Step], list[Step]]:
        was, is_ = self._was[key], self._is[key]
        rank = (1, self._rank[key])
        if key[0] in _TABLES:
            return self._alter_table(key)
        if key[0] == "type" and isinstance(was.structure, EnumType) and isinstance(is_.structure, EnumType):
            added = enum_values(is_.identity, was.structure, is_.structure)
            mode = Mode.ENUM_VALUE if self._ways.is_safe else Mode.TRANSACTION
            return [Step("\n\n".join(added), key, mode, rank)], []
        sql = "\n\n".join(altering(was, is_))
        if key[0] in {"constraint", "foreign key"}:
            mode = Mode.VALIDATE if self._ways.is_safe else Mode.TRANSACTION
            return [Step(sql, key, mode, rank)], []
        rank = (2, self._rank[key]) if key[0] in REPLACED else rank
        return [Step(sql, key, rank=rank, loses=lost_attributes(was, is_))], []

    def _alter_table(self, key: Key) -> tuple[list[Step], list[Step]]:
        was, is_ = self._was[key], self._is[key]
        if not isinstance(was.structure, Table) or not isinstance(is_.structure, Table):
            raise UndraftableError(was, is_, "its parts are not known")
        batched = frozenset(column for table, column in self._ways.in_batches if table == key[1])
        had = {column.name for column in was.structure.columns}
        fills = self._ways.fills
        batched |= {c.name for c in is_.structure.columns if c.name not in had and fills.is_given(key[1], c)}
        if self._ways.is_safe:
            batched |= {c.name for c in _without_value(was.structure, is_.structure)}
        try:
            change = table_change(
                key[1],
                was.structure,
                is_.structure,
                in_batches=batched,
                kept_sequences=self._kept_sequences,
                casts=key in self._ways.cast,
            )
        except NoStatementError as error:
            raise UndraftableError(was, is_, str(error)) from error
        return self._table_steps(key, change)

    def _table_steps(self, key: Key, change: TableChange) -> tuple[list[Step], list[Step]]:
        rank, made = (1, self._rank[key]), []
        table = key[1]
        if change.first:
            loses = "; ".join(change.loses) or None
            made.append(Step("\n\n".join(change.first), key, rank=rank, loses=loses))
        before = {id(step) for step in made}
        given = (c for c in change.required if c not in change.filled and self._ways.fills.is_given(table, c))
        fires = any(item.kind == "trigger" and item.parent == table for item in self._is.values())
        for column in (*change.filled, *given):
            value = self._ways.fills.value(table, column)
            if value is None:
                raise UndraftableError(
                    self._was[key],
                    self._is[key],
                    f"nobody but you knows what {table}.{column.name} is in rows that are there",
                    fill=f"{table}.{column.name}",
                )
            fill = Step(
                self._ways.fills.batch(self._is, table, column, value)
                if self._ways.is_safe
                else f"UPDATE {table} SET {column.name} = {value} WHERE {column.name} IS NULL;",
                key,
                Mode.BATCH if self._ways.is_safe else Mode.TRANSACTION,
                rank,
                says=f"Fires the triggers of {table}; what they do stays." if fires else None,
                after=set(before),
            )
            made.append(fill)
            before = before | {id(fill)}
        taken = {
            k[1].removesuffix(f" on {table}")
            for k in (*self._was, *self._is)
            if k[0] in {"constraint", "foreign key"}
        }
        last = made[-1] if made else None
        structured = made[0] if change.first else None
        for column in change.required:
            if self._ways.is_safe and self._was[key].structure is not None:
                add, validate, end = proven_not_null(table, column, taken, native=self._ways.native_not_null)
                chain = [
                    Step(sql, key, mode, rank)
                    for sql, mode in (
                        (add, Mode.TRANSACTION),
                        (validate, Mode.VALIDATE),
                        (end, Mode.TRANSACTION),
                    )
                    if sql
                ]
            else:
                chain = [Step(_set_not_null(table, column), key, rank=rank)]
            chain[0].after |= before
            for earlier, later in pairwise(chain):
                later.after.add(id(earlier))
            made += chain
            last = chain[-1]
        if last is not None:  # what uses the table need not wait until its columns are proven
            self._last[key], self._proven[key] = structured or last, last
        mode = Mode.DESTROY if self._ways.is_safe else Mode.TRANSACTION
        shed = [
            Step(
                f"ALTER TABLE {table} DROP COLUMN {column.name};",
                key,
                mode,
                (3, self._rank[key]),
                loses=None if column.generated else f"column {table}.{column.name}, with its values",
                after={id(last)} if last is not None else set(),
            )
            for column in change.shed
        ]
        return made, shed


class _Numbers(dict[str, tuple[Key, NumberSequence]]):
    """The sequences of columns, by name, each with its table."""

    serials: frozenset[str]  # not those of an identity


def _numbers(catalog: Catalog) -> _Numbers:
    found = [
        (column, key)
        for key, item in catalog.objects.items()
        if isinstance(item.structure, Table)
        for column in item.structure.columns
        if column.numbers is not None
    ]
    numbers = _Numbers({c.numbers.name: (key, c.numbers) for c, key in found if c.numbers is not None})
    numbers.serials = frozenset(
        c.numbers.name for c, _ in found if c.numbers is not None and c.identity is None
    )
    return numbers


def _sequences(catalog: Catalog) -> dict[str, NumberSequence]:
    """Return the sequences that stand for themselves, by name."""
    return {
        item.identity: item.structure
        for item in catalog.objects.values()
        if isinstance(item.structure, NumberSequence)
    }


def _names(item: CatalogObject) -> Iterator[str]:
    """Yield what there can be only one of, so that it can be made only when the one before is gone."""
    structure = item.structure
    if item.kind in _RELATIONS:
        yield f"relation {item.identity}"
        if isinstance(structure, Table) and structure.partition_of is not None:
            yield f"partition of {structure.partition_of}"
    else:
        yield item.identity
    if item.kind in _INDEXES:
        yield f"relation {_index_name(item)}"
    if isinstance(structure, UniqueKey) and structure.is_primary:
        yield f"primary key of {item.parent}"


def _index_name(item: CatalogObject) -> str:
    """Return the name of an index, or of a constraint's index, with its schema."""
    name = item.identity.removesuffix(f" on {item.parent}")
    schema = (item.parent or "").rpartition(".")[0]
    return f"{schema}.{name}" if schema else name


def _alike(was: CatalogObject, is_: CatalogObject) -> bool:
    """Return whether nothing is to be done; a key or index says ONLY when its table has children, which is not its own."""
    only = {"constraint": ("ALTER TABLE ONLY ", "ALTER TABLE "), "index": (" ON ONLY ", " ON ")}.get(was.kind)
    if only is None:
        return was.sql == is_.sql
    return was.sql.replace(*only, 1) == is_.sql.replace(*only, 1)


def _is_attached(index: CatalogObject, attachment: CatalogObject) -> bool:
    return attachment.identity.startswith(f"{_index_name(index)} to ")


def _set_not_null(table: str, column: Column) -> str:
    return f"ALTER TABLE {table} ALTER COLUMN {column.name} SET NOT NULL;"


def _without_value(was: Table, is_: Table) -> Iterator[Column]:
    """Yield new columns that may not be NULL and for which rows that are there have no value."""
    had = {column.name for column in was.columns}
    for column in is_.columns:
        has_value = column.default is not None or column.numbers is not None or column.generated
        if column.name not in had and column.not_null and not has_value and not column.is_inherited:
            yield column


def _is_other_foreign_table(was: CatalogObject, is_: CatalogObject) -> bool:
    return (
        isinstance(was.structure, Table)
        and isinstance(is_.structure, Table)
        and was.structure.foreign != is_.structure.foreign
    )


def blockers(catalog: Catalog, key: Key, *, gone: frozenset[Key]) -> frozenset[Key]:
    """Return what uses a thing and is likeliest to block a change of it, apart from what is `gone`."""
    users = {k for k, item in catalog.objects.items() if key in item.needs} - gone
    for kinds in _BLOCKERS:
        found = frozenset(user for user in users if user[0] in kinds)
        if found:
            return found
    return frozenset()


_BLOCKERS = (
    frozenset({"view", "materialized view", "rule"}),
    frozenset({"policy", "trigger", "function", "procedure", "aggregate", "operator", "cast"}),
    frozenset({"index", "constraint", "foreign key", "statistics", "domain", "type"}),
)
