"""What was renamed, which two schemas alone do not tell."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from runner.schema.catalog.objects import Catalog, CatalogObject, Key, Table

_KINDS = (
    "table", "foreign table", "view", "materialized view", "sequence", "type", "domain", "function", "procedure",
    "aggregate", "schema", "index",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rename:
    """A thing and its new name, without the schema."""

    kind: str  # column, or as SQL calls it
    old: str  # as SQL names it, with its schema; "public.orders.note"
    new: str  # "remark"
    table: str = ""  # of a column
    arguments: str = ""  # of a routine

    @property
    def sql(self) -> str:
        """The statement."""
        if self.kind == "column":
            return f"ALTER TABLE {self.table} RENAME COLUMN {self.old.removeprefix(f'{self.table}.')} TO {self.new};"
        return f"ALTER {self.kind.upper()} {self.old}{self.arguments} RENAME TO {self.new};"

    @property
    def back(self) -> Rename:
        """The rename that takes it back."""
        within, was = self.old.rpartition(".")[::2]
        name = f"{within}.{self.new}" if within else self.new
        return Rename(self.kind, name, was, table=self.table, arguments=self.arguments)

    @property
    def of_table(self) -> str:
        """The table that it is about, as it is called afterwards; nothing for something else."""
        return self.back.old if self.kind == "table" else self.table


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that is gone, and something like it that is new."""

    kind: str
    old: str
    new: str

    @property
    def option(self) -> str:
        """How to say that it was renamed."""
        return f"--rename {self.old}={self.new.rpartition('.')[2]}"

    def __str__(self) -> str:
        return f"{self.kind} {self.old} is gone and {self.new.rpartition('.')[2]} is new"


def renames(present: Catalog, given: Sequence[str]) -> list[Rename]:
    """Read "public.orders.note=remark".

    Raises: LookupError for a name that is not there, ValueError for something else.
    """
    return [_rename(present, *_halves(text)) for text in given]


def _halves(text: str) -> tuple[str, str]:
    old, found, new = text.partition("=")
    if not (found and old and new):
        raise ValueError(text)
    return old, new


def _rename(present: Catalog, old: str, new: str) -> Rename:
    for kind in _KINDS:
        if (kind, old) in present.objects:
            return Rename(kind, old, new)
    for key, item in present.objects.items():
        if isinstance(item.structure, Table):
            for column in item.structure.columns:
                if f"{key[1]}.{column.name}" == old:
                    return Rename("column", old, new, table=key[1])
        if key[0] in {"function", "procedure", "aggregate"} and key[1].partition("(")[0] == old:
            return Rename(key[0], old, new, arguments=key[1].removeprefix(old))
        if key[0] == "index" and _qualified(item) == old:
            return Rename("index", old, new)
    raise LookupError(old)


def _qualified(item: CatalogObject) -> str:
    name = item.identity.removesuffix(f" on {item.parent}")
    schema = (item.parent or "").rpartition(".")[0]
    return f"{schema}.{name}" if schema else name


def doubts(present: Catalog, wanted: Catalog, *, settled: Collection[str]) -> Iterator[Doubt]:
    """Yield what may have been renamed; `settled` names what was not."""
    was, is_ = present.objects, wanted.objects
    for key, item in was.items():
        other = is_.get(key)
        if other is not None and isinstance(item.structure, Table) and isinstance(other.structure, Table):
            yield from _columns(key[1], item.structure, other.structure, settled)
    new: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for key, item in is_.items():
        if key not in was and (alike := _nameless(item)) is not None:
            new[key[0], alike].append(key)
    for key, item in was.items():
        if key in is_ or (alike := _nameless(item)) is None:
            continue
        for other_key in new[key[0], alike]:
            old, name = (_shown(objects[k]) for objects, k in ((was, key), (is_, other_key)))
            if old not in settled and old.rpartition(".")[0] == name.rpartition(".")[0]:
                yield Doubt(key[0], old, name)


def following(present: Catalog, wanted: Catalog, renamed: Collection[str]) -> Iterator[str]:
    """Yield the statements that give parts their new names.

    A constraint that says the same of the same table is the same one; of a table that was `renamed`, or has a renamed
    column, so is an index, and the sequence that numbers the same column.
    """
    for kinds, verb in (({"constraint", "foreign key"}, "CONSTRAINT"), ({"index"}, "INDEX")):
        new = {
            (item.parent, _without_name(item)): item
            for key, item in wanted.objects.items()
            if key[0] in kinds and key not in present.objects
        }
        for key, item in present.objects.items():
            if key[0] not in kinds or key in wanted.objects:
                continue
            other = new.pop((item.parent, _without_name(item)), None)
            if other is None or item.identity.endswith(f" on domain {item.parent}"):
                continue
            name = other.identity.removesuffix(f" on {item.parent}")
            if verb == "CONSTRAINT":
                was = item.identity.removesuffix(f" on {item.parent}")
                yield f"ALTER TABLE {item.parent} RENAME CONSTRAINT {was} TO {name};"
            elif item.parent in renamed:
                yield f"ALTER INDEX {_qualified(item)} RENAME TO {name};"
    for table in sorted(renamed):
        yield from _sequences(present, wanted, table)


_NEXT = re.compile(r"nextval\('(?P<name>(?:[^']|'')+)'::regclass\)")


def _sequences(present: Catalog, wanted: Catalog, table: str) -> Iterator[str]:
    was, is_ = (catalog.objects.get(("table", table)) for catalog in (present, wanted))
    if was is None or is_ is None:
        return
    if not isinstance(was.structure, Table) or not isinstance(is_.structure, Table):
        return
    defaults = {column.name: column.default or "" for column in was.structure.columns}
    for column in is_.structure.columns:
        found = _NEXT.fullmatch(defaults.get(column.name, ""))
        if found is None or column.numbers is None:
            continue
        old, new = found["name"].replace("''", "'"), column.numbers.name
        is_free = ("sequence", new) not in present.objects and ("sequence", old) not in wanted.objects
        if old != new and is_free and old.rpartition(".")[0] == new.rpartition(".")[0]:
            yield f"ALTER SEQUENCE {old} RENAME TO {new.rpartition('.')[2]};"


def _without_name(item: CatalogObject) -> str:
    name = item.identity.removesuffix(f" on domain {item.parent}").removesuffix(f" on {item.parent}")
    if item.kind == "index":
        return item.sql.replace(f" {name} ON ", " ON ", 1)
    return item.sql.replace(f"ADD CONSTRAINT {name} ", "ADD CONSTRAINT ", 1)


def _shown(item: CatalogObject) -> str:
    return _qualified(item) if item.kind == "index" else item.identity.partition("(")[0]


def _columns(table: str, was: Table, is_: Table, settled: Collection[str]) -> Iterator[Doubt]:
    had, has = {c.name for c in was.columns}, {c.name for c in is_.columns}
    for old in was.columns:
        if old.name in has or old.is_inherited or f"{table}.{old.name}" in settled:
            continue
        for column in is_.columns:
            if column.name not in had and column.type == old.type:
                yield Doubt("column", f"{table}.{old.name}", f"{table}.{column.name}")


def _nameless(item: CatalogObject) -> str | None:
    """Return what makes a thing, without its own name; None for what has no way to be renamed."""
    if item.kind not in _KINDS or item.kind == "schema":
        return None
    if isinstance(item.structure, Table):
        return repr([(c.name, c.type) for c in item.structure.columns]) if item.structure.columns else None
    name = item.identity.partition("(")[0]
    if item.kind == "index":
        return _without_name(item)
    return item.sql.replace(name, "", 1) if item.kind not in {"type", "domain", "sequence"} else None
