"""What a table inherits and what it says itself are told apart, as pg_dump tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from runner.schema.catalog.differences import compare_text, diff
from runner.schema.catalog.read import read
from runner.schema.catalog.render import render

if TYPE_CHECKING:
    from collections.abc import Callable

Parameters = dict[str, str]

BASE = "CREATE TABLE p (a integer, b text); CREATE TABLE c (x integer) INHERITS (p); CREATE TABLE g (y integer) INHERITS (c);"
CASES = [
    pytest.param("ALTER TABLE c ALTER COLUMN a SET NOT NULL", id="not null in the child"),
    pytest.param("ALTER TABLE p ALTER COLUMN a SET NOT NULL", id="not null in the parent"),
    pytest.param("ALTER TABLE c ALTER COLUMN a SET DEFAULT 5", id="a default in the child"),
    pytest.param(
        "ALTER TABLE p ALTER COLUMN a SET DEFAULT 5; ALTER TABLE c ALTER COLUMN a DROP DEFAULT",
        id="a default dropped in the child",
    ),
    pytest.param(
        "ALTER TABLE p ALTER COLUMN a SET DEFAULT 5; ALTER TABLE g ALTER COLUMN a SET DEFAULT 6",
        id="another default below",
    ),
    pytest.param(
        "ALTER TABLE p ADD COLUMN z integer DEFAULT 1 NOT NULL", id="a column added to the parent later"
    ),
    pytest.param(
        "ALTER TABLE p ALTER COLUMN a SET DEFAULT 5; CREATE TABLE q (a integer DEFAULT 6);"
        " CREATE TABLE d (a integer DEFAULT 7) INHERITS (p, q); ALTER TABLE d ALTER COLUMN a DROP DEFAULT",
        id="a default dropped below parents whose defaults differ",
    ),
    pytest.param("ALTER TABLE c NO INHERIT p; ALTER TABLE c INHERIT p", id="left and came back"),
    pytest.param("ALTER TABLE c NO INHERIT p", id="left"),
    pytest.param("ALTER TABLE ONLY p DROP COLUMN a", id="a column dropped in the parent alone"),
    pytest.param(
        "ALTER TABLE p ALTER COLUMN b SET STORAGE EXTERNAL; ALTER TABLE ONLY c ALTER COLUMN b SET STORAGE EXTENDED",
        id="storage",
    ),
    pytest.param(
        "ALTER TABLE p ALTER COLUMN b SET COMPRESSION pglz; ALTER TABLE g ALTER COLUMN b SET COMPRESSION default",
        id="compression",
    ),
    pytest.param(
        "ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0); ALTER TABLE c ADD CHECK (x > 0)", id="checks"
    ),
    pytest.param(
        "ALTER TABLE c ADD CONSTRAINT k CHECK (a > 0); ALTER TABLE p ADD CONSTRAINT k CHECK (a > 0)",
        id="a check of both",
    ),
    pytest.param(
        "CREATE TABLE d (b text, a integer, w integer); ALTER TABLE d INHERIT p",
        id="joined late in another order",
    ),
    pytest.param(
        "CREATE TABLE d (w integer, a integer) INHERITS (p); ALTER TABLE p ADD COLUMN z text",
        id="a column of both",
    ),
    pytest.param(
        "CREATE TABLE q (a integer DEFAULT 2, k text); CREATE TABLE m (a integer DEFAULT 3) INHERITS (p, q); "
        "CREATE TABLE n () INHERITS (m); ALTER TABLE p ADD COLUMN late integer",
        id="two parents",
    ),
    pytest.param(
        "ALTER TABLE p ADD COLUMN id serial; CREATE TABLE q (i integer GENERATED ALWAYS AS IDENTITY, "
        "s integer GENERATED ALWAYS AS (i + 1) STORED); CREATE TABLE r () INHERITS (q)",
        id="serial, identity and generated columns",
    ),
    pytest.param(
        "CREATE TABLE t (a integer NOT NULL, b text) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); "
        "ALTER TABLE t1 ALTER COLUMN b SET NOT NULL; CREATE TABLE t2 (b text, a integer NOT NULL); "
        "ALTER TABLE t ATTACH PARTITION t2 FOR VALUES IN (2); ALTER TABLE t ALTER COLUMN b SET STORAGE EXTERNAL; "
        "ALTER TABLE ONLY t1 ALTER COLUMN b SET STORAGE MAIN",
        id="partitions",
    ),
]
NOT_NULL = [
    pytest.param("ALTER TABLE p ADD CONSTRAINT nv NOT NULL a NOT VALID", id="not valid"),
    pytest.param(
        "ALTER TABLE p ADD CONSTRAINT nv NOT NULL a NOT VALID; ALTER TABLE c VALIDATE CONSTRAINT nv",
        id="valid below",
    ),
    pytest.param("ALTER TABLE p ADD CONSTRAINT named NOT NULL a", id="named above"),
    pytest.param("ALTER TABLE c ADD CONSTRAINT named NOT NULL a", id="named below"),
    pytest.param(
        "ALTER TABLE c ADD CONSTRAINT named NOT NULL a; ALTER TABLE p ADD CONSTRAINT other NOT NULL a",
        id="two names",
    ),
    pytest.param(
        "ALTER TABLE g ALTER COLUMN a SET NOT NULL; ALTER TABLE p ALTER COLUMN a SET NOT NULL", id="both"
    ),
    pytest.param("ALTER TABLE p ADD CONSTRAINT mine NOT NULL a NO INHERIT", id="no inherit"),
    pytest.param(
        "ALTER TABLE p ADD CONSTRAINT n1 NOT NULL a; COMMENT ON CONSTRAINT n1 ON p IS 'x'; "
        "ALTER TABLE p ALTER COLUMN b SET NOT NULL; COMMENT ON CONSTRAINT p_b_not_null ON p IS 'y'",
        id="comments",
    ),
    pytest.param(
        "ALTER TABLE p ALTER COLUMN a SET NOT NULL; ALTER TABLE p RENAME TO pp", id="a renamed table"
    ),
    pytest.param(
        "CREATE DOMAIN d AS integer CONSTRAINT dn NOT NULL; COMMENT ON CONSTRAINT dn ON DOMAIN d IS 'x'; "
        "CREATE DOMAIN e AS integer NOT NULL",
        id="domains",
    ),
    pytest.param(
        "CREATE TABLE t (a integer CONSTRAINT tn NOT NULL) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); "
        "CREATE TABLE t2 (a integer CONSTRAINT own NOT NULL); ALTER TABLE t ATTACH PARTITION t2 FOR VALUES IN (2); "
        "CREATE TABLE u (a integer, i integer) PARTITION BY LIST (a); CREATE TABLE u1 PARTITION OF u FOR VALUES IN (1); "
        "ALTER TABLE u ADD CONSTRAINT un NOT NULL i NOT VALID; ALTER TABLE u1 VALIDATE CONSTRAINT un",
        id="partitions",
    ),
    pytest.param(
        "CREATE TABLE s (id serial CONSTRAINT sn NOT NULL, i integer CONSTRAINT i_n NOT NULL GENERATED ALWAYS AS IDENTITY)",
        id="serial",
    ),
    pytest.param(
        "CREATE TABLE d (b text, a integer, w integer NOT NULL); ALTER TABLE p ALTER COLUMN a SET NOT NULL; "
        "ALTER TABLE d ALTER COLUMN a SET NOT NULL; ALTER TABLE d INHERIT p",
        id="joined late",
    ),
]


def _round_trip(
    statements: str,
    empty: Callable[[], Parameters],
    psql: Callable[[Parameters, str], None],
    since: int,
    dump: Callable[[Parameters], list[str]],
) -> None:
    first, second = empty(), empty()
    with psycopg.connect(**first, autocommit=True) as conn:
        if conn.info.server_version < since:
            pytest.skip(f"needs PostgreSQL {since // 10000}")
        conn.execute(f"{BASE} {statements}".encode())
        before = read(conn)
    psql(second, render(before))
    with psycopg.connect(**second) as conn:
        after = read(conn)
    assert [str(difference) for difference in diff(before, after)] == []
    assert after == before
    assert compare_text(render(before), after) == []
    assert dump(second) == dump(first)


@pytest.mark.parametrize("statements", CASES)
def test_a_child_keeps_what_is_its_own_and_what_it_inherits(
    statements: str,
    empty: Callable[[], Parameters],
    psql: Callable[[Parameters, str], None],
    dump: Callable[[Parameters], list[str]],
) -> None:
    _round_trip(statements, empty, psql, 0, dump)


@pytest.mark.parametrize("statements", NOT_NULL)
def test_a_not_null_constraint_keeps_name_comment_and_state(
    statements: str,
    empty: Callable[[], Parameters],
    psql: Callable[[Parameters, str], None],
    dump: Callable[[Parameters], list[str]],
) -> None:
    _round_trip(statements, empty, psql, 180000, dump)
