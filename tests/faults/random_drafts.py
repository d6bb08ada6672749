"""Drafts between two random schemas, both ways: what is drafted leads there, back, and there again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random

import psycopg
from psycopg import sql

from runner.schema.catalog.objects import Catalog
from runner.schema.draft.renames import doubts
from tests.drafts import Parameters, Tried, catalog, connect, try_draft
from tests.schema_changes import change
from tests.schemas import ROLES, make, random_schema


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
    return [_try(random, new_database, present, wanted) for present, wanted in (pair, reversed(pair))]


def _try(
    random: Random, new_database: Callable[..., Parameters], present: Parameters, wanted: Parameters
) -> Tried:
    is_ = catalog(wanted)
    renamed = _answers(random, catalog(present), is_)
    return try_draft(new_database, present, is_, renamed=renamed, is_safe=random.random() < 0.7)


def _answers(random: Random, was: Catalog, is_: Catalog) -> list[str]:
    """Answer yes to some of what may have been renamed."""
    old: set[str] = set()
    new: set[str] = set()
    given = []
    for doubt in doubts(was, is_, settled=()):
        if doubt.old not in old and doubt.new not in new and random.random() < 0.7:
            old.add(doubt.old)
            new.add(doubt.new)
            given.append(doubt.option.removeprefix("--rename "))
    return given


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
