"""A draft as migration files, each with its way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from runner.schema.catalog.objects import Catalog
from runner.schema.draft.alter import UndraftableError
from runner.schema.draft.change import Ways
from runner.schema.draft.renames import Rename
from runner.schema.draft.steps import Group, Mode
from runner.schema.draft.trial import NO_BODIES, counting, settled

_NAMES = {
    Mode.ENUM_VALUE: "enum_values",
    Mode.TRANSACTION: "",
    Mode.CONCURRENTLY: "indexes",
    Mode.BATCH: "fill",
    Mode.VALIDATE: "validate",
    Mode.DESTROY: "drop",
}
NOTHING = ("SELECT 1;",)  # a rollback that has nothing to do
_DIRECTIVES = {Mode.CONCURRENTLY: "-- transactional: false", Mode.BATCH: "-- batch: true"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFile:
    """A migration of a draft, without what its first lines say."""

    suffix: str  # of its name: "validate"
    directive: str | None
    statements: tuple[str, ...]
    undo: tuple[str, ...] | None  # None: there is no way back
    irreversible: str | None  # why
    undo_directive: str | None
    loses: tuple[str, ...]
    undo_loses: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFiles:
    """A draft: where it leads, and what it leaves as it is."""

    files: tuple[DraftFile, ...]
    wanted: Catalog
    undrafted: tuple[UndraftableError, ...]


def draft_files(
    conn: psycopg.Connection[Any],
    read: Callable[[], Catalog],
    wanted: Catalog,
    ways: Ways,
    *,
    renames: Sequence[Rename] = (),
) -> DraftFiles:
    """Draft, file by file, and run each in the database of `conn`, which at the end has what could be drafted.

    Raises: UndraftableError, TrialError.
    """
    files: list[DraftFile] = []
    undrafted: list[UndraftableError] = []
    now = read()
    left = list(renames)
    while left or counting(wanted, now):
        found = settled(conn, read, wanted, ways, renames=left)
        wanted = found.wanted
        undrafted += found.undrafted
        if not found.groups and not found.first:
            break
        for number, group in enumerate(found.groups or (Group(Mode.TRANSACTION, ()),)):
            before, first = now, found.first if number == 0 else ()
            statements = (*first, *(step.sql for step in group.steps))
            for statement in statements:
                if statement != NO_BODIES:
                    conn.execute(statement.encode())
            now = read()
            undone = [rename.back for rename in reversed(left)] if number == 0 else []
            files.append(_file(conn, read, before, group, statements, undone))
        left = []
    return DraftFiles(files=tuple(_named(files)), wanted=wanted, undrafted=tuple(undrafted))


def _file(
    conn: psycopg.Connection[Any],
    read: Callable[[], Catalog],
    before: Catalog,
    group: Group,
    statements: tuple[str, ...],
    renamed: Sequence[Rename],
) -> DraftFile:
    concurrently = group.mode is Mode.CONCURRENTLY
    undo: tuple[str, ...] | None = NOTHING
    undo_loses: tuple[str, ...] = ()
    irreversible = None
    if group.mode is not Mode.BATCH:
        ways = Ways(is_safe=False, concurrently=concurrently)
        try:
            back = settled(conn, read, before, ways, renames=renamed)
            cannot = back.undrafted[0].reason if back.undrafted else None
        except UndraftableError as error:
            cannot = error.reason
        if cannot is not None:
            undo = None
            is_enum = group.mode is Mode.ENUM_VALUE
            irreversible = "PostgreSQL cannot remove a value from an enum" if is_enum else cannot
        else:
            undo = (*back.first, *(step.sql for g in back.groups for step in g.steps)) or NOTHING
            undo_loses = tuple(loss for g in back.groups for loss in g.loses)
    return DraftFile(
        suffix=_NAMES[group.mode],
        directive=_DIRECTIVES.get(group.mode),
        statements=statements,
        undo=undo,
        irreversible=irreversible,
        undo_directive=_DIRECTIVES.get(group.mode) if concurrently else None,
        loses=group.loses,
        undo_loses=undo_loses,
        says=group.says,
    )


def _named(files: Sequence[DraftFile]) -> list[DraftFile]:
    """Give each file a name of its own: the first in one transaction has none beside the draft's."""
    taken: set[str] = set()
    found = []
    for file in files:
        suffix, number = file.suffix or ("" if "" not in taken else "then"), 2
        name = suffix
        while name in taken:
            name, number = f"{suffix}_{number}", number + 1
        taken.add(name)
        found.append(replace(file, suffix=name))
    return found
