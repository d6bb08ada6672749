"""Drafts between two random schemas, both ways: what is drafted leads there, back, and there again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from runner.schema.catalog.objects import Catalog
from runner.schema.catalog.read import read
from runner.schema.draft.alter import UndraftableError
from runner.schema.draft.change import Ways
from runner.schema.draft.files import DraftFile, draft_files
from runner.schema.draft.renames import Rename, doubts, renames
from runner.schema.draft.safe import Fills
from runner.schema.draft.trial import RenameError, TrialError, counting
from tests.schema_changes import change
from tests.schemas import ROLES, make, random_schema

Parameters = dict[str, str]
Connection = psycopg.Connection[Any]


class Outcome(Enum):
    """What became of a draft."""

    WHOLE = "whole"
    REFUSED = "refused"
    FAULTY = "not written, as its own proof failed"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Tried:
    """One draft, and why it is not whole."""

    outcome: Outcome
    why: str = ""


def try_pair(
    random: Random, new_database: Callable[..., Parameters], *, size: int | None = None
) -> list[Tried]:
    """Make two schemas that have much in common, and draft from each to the other.

    `new_database` makes an empty database, or with `template` a copy of that one.
    """
    base = new_database()
    with connect(base) as conn:
        statements = random_schema(
            random, size=size or random.randint(10, 50), server_version=conn.info.server_version
        )
        common = random.randint(len(statements) // 2, len(statements))
        make(conn, statements[:common])
    pair = []
    for more in ([], statements[common:]):
        database = new_database(template=base["dbname"])
        with connect(database) as conn:
            make(conn, more)
            change(conn, random, random.choice([0, 1, 1, 2, 3, 5]))
        pair.append(database)
    first, second = pair
    return [
        _try(random, new_database, present, wanted) for present, wanted in ((first, second), (second, first))
    ]


@contextmanager
def connect(parameters: Parameters) -> Iterator[Connection]:
    """Open a session, and close it before its database is copied."""
    with psycopg.connect(**parameters, autocommit=True) as conn:
        yield conn


def _try(
    random: Random, new_database: Callable[..., Parameters], present: Parameters, wanted: Parameters
) -> Tried:
    with connect(present) as conn:
        was, native = _read(conn), conn.info.server_version >= 180000
    with connect(wanted) as conn:
        is_ = _read(conn)
    answers, is_safe = _answers(random, was, is_), random.random() < 0.7
    fills: dict[str, str] = {}
    while True:
        ways = Ways(is_safe=is_safe, native_not_null=native, fills=Fills(dict(fills)))
        with connect(new_database(template=present["dbname"])) as conn:
            try:
                files = draft_files(conn, lambda: _read(conn), is_, ways, renames=answers)
                found = _proof(conn, was, is_, files)
            except UndraftableError as error:
                if error.fill is None or error.fill in fills:
                    return Tried(Outcome.REFUSED, str(error))
                fills[error.fill] = "NULL"  # what a person would answer, for tables without rows
                continue
            except RenameError as error:
                return Tried(Outcome.REFUSED, f"a rename: {error}")
            except TrialError as error:
                return Tried(Outcome.FAULTY, f"{error} {'; '.join(map(str, error.differences))}")
            except Exception as error:  # noqa: BLE001 - whatever it is, the draft has failed
                return Tried(Outcome.FAULTY, repr(error))
        return Tried(Outcome.WRONG, found) if found else Tried(Outcome.WHOLE)


def _read(conn: Connection) -> Catalog:
    return read(conn, other_owners=True)


def _answers(random: Random, was: Catalog, is_: Catalog) -> list[Rename]:
    """Answer yes to some of what may have been renamed."""
    old: set[str] = set()
    new: set[str] = set()
    given = []
    for doubt in doubts(was, is_, settled=()):
        if doubt.old not in old and doubt.new not in new and random.random() < 0.7:
            old.add(doubt.old)
            new.add(doubt.new)
            given.append(doubt.option.removeprefix("--rename "))
    return renames(was, given)


def _proof(conn: Connection, was: Catalog, is_: Catalog, files: list[DraftFile]) -> str:
    """Return what is wrong with files that have been applied."""
    try:
        return _there_and_back(conn, was, is_, files)
    except psycopg.Error as error:
        return f"the server refuses a file: {error}"


def _there_and_back(conn: Connection, was: Catalog, is_: Catalog, files: list[DraftFile]) -> str:
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


@contextmanager
def database_maker(parameters: Parameters) -> Iterator[Callable[..., Parameters]]:
    """Yield what makes databases on a server, and drop them."""
    made = []
    with psycopg.connect(**parameters, autocommit=True) as admin:
        for role in ROLES:
            with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
                admin.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))

        def new(*, template: str = "template0") -> Parameters:
            name = f"pair_{uuid.uuid4().hex[:16]}"
            names = (sql.Identifier(each) for each in (name, template))
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
            made.append(name)
            return {**parameters, "dbname": name}

        try:
            yield new
        finally:
            for name in made:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
