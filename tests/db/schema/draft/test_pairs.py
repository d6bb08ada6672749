"""Drafts between schemas that differ in one attribute, and between random ones: right, or refused, and never wrong.

`make torture` takes many more random ones.
"""

from __future__ import annotations

from random import Random

import psycopg
import pytest

from tests.db.schema.catalog import attributes
from tests.db.schema.catalog.conftest import any_server
from tests.db.schema.draft.golden import assert_golden_draft
from tests.drafts import Outcome, Tried, catalog, try_draft
from tests.faults.random_drafts import database_maker, try_pair

__all__ = ["any_server"]

# one attribute of each kind
ROWS = {row.kind: row for row in reversed(attributes.ATTRIBUTES)}
UNDRAFTABLE = {("domain", "base type"), ("domain", "collation"), ("constraint validation", "in a child")}


def shown(tried: Tried) -> str:
    """Return the files of a draft as one text."""
    parts = [f"-- {tried.outcome.value}: {tried.why}"] if tried.why else []
    for file in tried.files:
        directives = [line for line in (file.directive,) if line]
        parts += [f"-- ==== {file.suffix or 'change'}", *directives, "\n\n".join(file.statements)]
        if file.undo is not None:
            parts += ["-- ==== its rollback", "\n\n".join(file.undo)]
    return "\n\n".join(parts)


@pytest.mark.parametrize("kind", sorted(ROWS))
def test_a_change_of_each_kind_of_object_is_drafted_both_ways(any_server, kind):
    row = ROWS[kind]
    with database_maker(any_server) as new_database:
        pair = (new_database(), new_database())
        for parameters, change in zip(pair, ("", row.change), strict=True):
            with psycopg.connect(**parameters, autocommit=True) as conn:
                version = conn.info.server_version
                if not row.since <= version // 10000 <= row.until:
                    pytest.skip(f"needs PostgreSQL {row.since} to {row.until}")
                conn.execute("CREATE SCHEMA s1; CREATE SCHEMA s1x; SET search_path = s1")
                conn.execute(row.make.replace("{s}", "s1x").encode())
                conn.execute(change.replace("{s}", "s1x").encode())
        first, second = pair
        there = try_draft(new_database, first, catalog(second))
        back = try_draft(new_database, second, catalog(first))
        in_one = try_draft(new_database, first, catalog(second), is_safe=False)
    allowed = {Outcome.WHOLE} | ({Outcome.REFUSED} if (kind, row.attribute) in UNDRAFTABLE else set())
    assert {there.outcome, back.outcome, in_one.outcome} <= allowed, (there, back, in_one)
    text = f"-- {kind}: {row.attribute}\n\n{shown(there)}\n\n-- And the other way\n\n{shown(back)}\n"
    assert_golden_draft(f"kinds/{kind.replace(' ', '_')}", text, server_version=version)


@pytest.mark.parametrize("seed", [n for n in range(25) if n != 5])
def test_a_draft_between_random_schemas_leads_there_and_back(server, seed):
    with database_maker(server) as new_database:
        tried = try_pair(Random(f"pair {seed}"), new_database, size=12)
    assert {each.outcome for each in tried} <= {Outcome.WHOLE, Outcome.PART, Outcome.REFUSED}, tried
