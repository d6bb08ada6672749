"""A draft from the schema of one database to that of another, and its proof on a copy of the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

import psycopg

from runner.schema.catalog.objects import Catalog
from runner.schema.catalog.read import read
from runner.schema.draft.alter import UndraftableError
from runner.schema.draft.change import Ways
from runner.schema.draft.files import DraftFile, draft_files
from runner.schema.draft.renames import renames
from runner.schema.draft.safe import Fills
from runner.schema.draft.trial import RenameError, TrialError, counting

Parameters = dict[str, str]
Connection = psycopg.Connection[Any]


class Outcome(Enum):
    """What became of a draft."""

    WHOLE = "whole"
    PART = "with a refused part"
    REFUSED = "refused"
    FAULTY = "not written, as its own proof failed"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Tried:
    """One draft, and why it is not whole."""

    outcome: Outcome
    why: str = ""
    files: tuple[DraftFile, ...] = ()


@contextmanager
def connect(parameters: Parameters) -> Iterator[Connection]:
    """Open a session, and close it before its database is copied."""
    with psycopg.connect(**parameters, autocommit=True) as conn:
        yield conn


def catalog(parameters: Parameters) -> Catalog:
    """Read the schema of a database."""
    with connect(parameters) as conn:
        return _read(conn)


def try_draft(
    new_database: Callable[..., Parameters],
    present: Parameters,
    wanted: Catalog,
    *,
    renamed: Sequence[str] = (),
    is_safe: bool = True,
) -> Tried:
    """Draft, apply, undo and apply again, in a copy of the database; `renamed` is as --rename has it.

    `new_database` makes a copy of the database that `template` names.
    """
    was = catalog(present)
    fills: dict[str, str] = {}
    while True:
        with connect(new_database(template=present["dbname"])) as conn:
            native = conn.info.server_version >= 180000
            ways = Ways(is_safe=is_safe, native_not_null=native, fills=Fills(dict(fills)))
            try:
                answers = renames(was, renamed)
                drafted = draft_files(conn, lambda: _read(conn), wanted, ways, renames=answers)
                asked = _asked(drafted.undrafted) - fills.keys()
                found = "" if asked else _proof(conn, was, drafted.wanted, drafted.files)
            except UndraftableError as error:
                asked = _asked([error]) - fills.keys()
                if not asked:
                    return Tried(Outcome.REFUSED, str(error))
            except RenameError as error:
                return Tried(Outcome.REFUSED, f"a rename: {error}")
            except TrialError as error:
                return Tried(Outcome.FAULTY, f"{error} {'; '.join(map(str, error.differences))}")
            except Exception as error:  # noqa: BLE001 - whatever it is, the draft has failed
                return Tried(Outcome.FAULTY, repr(error))
        if not asked:
            break
        fills |= dict.fromkeys(asked, "NULL")  # what a person would answer, for tables without rows
    if found:
        return Tried(Outcome.WRONG, found, drafted.files)
    if not drafted.undrafted:
        return Tried(Outcome.WHOLE, "", drafted.files)
    why = "; ".join(map(str, drafted.undrafted))
    return Tried(Outcome.PART if drafted.files else Outcome.REFUSED, why, drafted.files)


def _asked(undrafted: Iterable[UndraftableError]) -> set[str]:
    """Return the columns of which only a person knows what they hold."""
    return {error.fill for error in undrafted if error.fill is not None}


def _read(conn: Connection) -> Catalog:
    return read(conn, other_owners=True)


def _proof(conn: Connection, was: Catalog, is_: Catalog, files: Sequence[DraftFile]) -> str:
    """Return what is wrong with files that have been applied."""
    try:
        return _there_and_back(conn, was, is_, files)
    except psycopg.Error as error:
        return f"the server refuses a file: {error}"


def _there_and_back(conn: Connection, was: Catalog, is_: Catalog, files: Sequence[DraftFile]) -> str:
    if left := counting(is_, _read(conn)):
        return f"leads elsewhere: {'; '.join(map(str, left))}"
    if any(file.undo is None for file in files):
        return ""
    for file in reversed(files):
        _run(conn, file.undo or (), concurrently=file.undo_directive is not None)
    if left := counting(was, _read(conn)):
        return f"does not lead back: {'; '.join(map(str, left))}"
    for file in files:
        _run(conn, file.statements, concurrently=file.directive is not None)
    if left := counting(is_, _read(conn)):
        return f"leads elsewhere the second time: {'; '.join(map(str, left))}"
    return ""


def _run(conn: Connection, statements: tuple[str, ...], *, concurrently: bool) -> None:
    if concurrently:
        for statement in statements:
            conn.execute(statement.encode())
        return
    with conn.transaction():
        for statement in statements:
            conn.execute(statement.encode())
