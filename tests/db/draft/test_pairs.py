"""Drafts between schemas that differ in one attribute, and between random ones: right, or refused, and never wrong.

`make torture` takes many more random ones.
"""

from __future__ import annotations

from random import Random

import psycopg
import pytest

from runner.schema.catalog.read import read
from runner.schema.draft.alter import UndraftableError
from runner.schema.draft.change import Ways
from runner.schema.draft.trial import counting, settled
from tests.db.catalog import attributes
from tests.db.catalog.conftest import make_roles
from tests.drafts import Outcome
from tests.faults.random_drafts import database_maker, try_pair

# one attribute of each kind
ROWS = {row.kind: row for row in reversed(attributes.ATTRIBUTES)}
UNDRAFTABLE = {("domain", "base type"), ("domain", "collation"), ("constraint validation", "in a child")}


def ways_between(first, second):
    """Draft from each of two databases to the other, carefully and in one file; yield what was refused."""
    with psycopg.connect(**first, autocommit=True) as a, psycopg.connect(**second, autocommit=True) as b:
        one, other = read(a, other_owners=True), read(b, other_owners=True)
        for conn, wanted in ((a, other), (b, one)):
            for is_safe in (True, False):
                try:
                    ways = Ways(is_safe=is_safe)
                    found = settled(conn, lambda: read(conn, other_owners=True), wanted, ways)  # noqa: B023
                    yield from map(str, found.undrafted)
                except UndraftableError as error:
                    yield str(error)
        assert not counting(one, read(a, other_owners=True))  # a trial leaves nothing


@pytest.mark.parametrize("kind", sorted(ROWS))
def test_a_change_of_each_kind_of_object_is_drafted_both_ways(server, new_database, kind):
    row = ROWS[kind]
    make_roles(server)
    first, second = new_database(), new_database()
    for parameters, change in ((first, ""), (second, row.change)):
        with psycopg.connect(**parameters, autocommit=True) as conn:
            if conn.info.server_version < row.since * 10000:
                pytest.skip(f"needs PostgreSQL {row.since}")
            conn.execute("CREATE SCHEMA s1; CREATE SCHEMA s1x; SET search_path = s1")
            conn.execute(row.make.replace("{s}", "s1x").encode())
            conn.execute(change.replace("{s}", "s1x").encode())
    refused = list(ways_between(first, second))
    assert not refused or (kind, row.attribute) in UNDRAFTABLE, refused


@pytest.mark.parametrize("seed", [n for n in range(25) if n != 5])
def test_a_draft_between_random_schemas_leads_there_and_back(server, seed):
    with database_maker(server) as new_database:
        tried = try_pair(Random(f"pair {seed}"), new_database, size=12)
    assert {each.outcome for each in tried} <= {Outcome.WHOLE, Outcome.PART, Outcome.REFUSED}, tried
