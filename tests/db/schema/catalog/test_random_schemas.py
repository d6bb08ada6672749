"""Random schemas: our snapshot makes them again, as pg_dump sees it. `make torture` takes many more."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.dumps import copy_differences
from tests.schemas import make, random_schema

if TYPE_CHECKING:
    from collections.abc import Callable

Parameters = dict[str, str]


@pytest.mark.parametrize("seed", [1, 33, 40, 112, 131])  # those that found something once
def test_a_snapshot_of_a_random_schema_makes_it_again(
    seed: int, empty: Callable[[], Parameters], pg_dump: Callable[[Parameters], str]
) -> None:
    original = empty()
    with psycopg.connect(**original, autocommit=True) as conn:
        statements = random_schema(Random(seed), server_version=conn.info.server_version)
        refused = make(conn, statements)
    assert len(refused) * 5 < len(statements), refused
    text, found = copy_differences(original, empty(), pg_dump)
    assert found == [], text
