"""Random schemas: the snapshot of each makes it again, held against pg_dump."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random

import psycopg
from psycopg import sql

from tests.dumps import copy_differences
from tests.faults.invariant import ViolationError
from tests.faults.world import World
from tests.schemas import ROLES, make, random_schema


def random_schema_again(random: Random, world: World, dump: Callable[[dict[str, str]], str]) -> int:
    """Make a schema, load its snapshot elsewhere and compare; return how many statements it has.

    Raises: ViolationError.
    """
    with world.connect() as admin:
        for role in ROLES:
            with suppress(psycopg.errors.DuplicateObject):
                admin.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    with world.database() as original:
        with world.connect(original) as conn:
            statements = random_schema(
                random, size=random.randint(10, 80), server_version=conn.info.server_version
            )
            count = len(statements) - len(make(conn, statements))
        with world.connect() as admin:
            copy = f"{original}_copy"
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(copy)))
            parameters = world.parameters
            _, found = copy_differences(
                {**parameters, "dbname": original}, {**parameters, "dbname": copy}, dump
            )
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(copy)))
    if found:
        raise ViolationError("the snapshot of a random schema makes another\n" + "\n".join(found))
    return count
