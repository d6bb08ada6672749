"""What is read and rendered makes the same schema again, and reads the same on every version."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from runner.files.sqltext.identifiers import NAME
from runner.schema.catalog.differences import compare_text, diff
from runner.schema.catalog.read import read
from runner.schema.catalog.render import render
from tests.db.schema.catalog.conftest import make_tablespace

if TYPE_CHECKING:
    from collections.abc import Callable

Parameters = dict[str, str]
GOLDEN = Path(__file__).parent / "everything.rendered"
UPDATE = "RUNNER_UPDATE_GOLDEN"
EXCLUDE = ["Odd Schema.my_history"]


def read_from(parameters: Parameters, **options: object):
    with psycopg.connect(**parameters) as conn:
        return read(conn, **options)


def test_every_kind_of_object_reads_as_the_reviewed_text_on_every_version(everything: Parameters) -> None:
    text = render(read_from(everything, exclude=EXCLUDE))
    # servers before 18 know no names of NOT NULL constraints; one of a table that was renamed is not the usual one
    text = re.sub(rf" CONSTRAINT {NAME} NOT NULL", " NOT NULL", text)
    if os.environ.get(UPDATE):
        GOLDEN.write_text(text, encoding="utf-8", newline="\n")
    assert text == GOLDEN.read_text(encoding="utf-8"), (
        f"review the difference, then run again with {UPDATE}=1"
    )


def test_the_rendered_sql_makes_the_same_schema_in_an_empty_database(
    everything: Parameters, empty: Callable[[], Parameters], psql: Callable[[Parameters, str], None]
) -> None:
    before = read_from(everything, exclude=EXCLUDE)
    copy = empty()
    psql(copy, render(before))
    after = read_from(copy)
    assert [str(difference) for difference in diff(before, after)] == []
    assert after == before
    assert render(after) == render(before)


def test_the_owners_round_trip_too(
    everything: Parameters, empty: Callable[[], Parameters], psql: Callable[[Parameters, str], None]
) -> None:
    with psycopg.connect(**everything) as conn:
        for statement in (
            "ALTER TABLE app.b OWNER TO catalog_writer",
            "ALTER FUNCTION app.add(integer, integer) OWNER TO catalog_writer",
            "ALTER AGGREGATE app.how_many(*) OWNER TO catalog_writer",
            "ALTER SCHEMA ext OWNER TO catalog_writer",
            "ALTER TYPE app.mood OWNER TO catalog_writer",
            "ALTER TABLE app.keys OWNER TO catalog_writer",
            "ALTER MATERIALIZED VIEW app.mat OWNER TO catalog_writer",
            "ALTER COLLATION app.bytes OWNER TO catalog_writer",
            "ALTER OPERATOR app.- (NONE, app.pair) OWNER TO catalog_writer",
            "ALTER OPERATOR CLASS app.pair_ops USING btree OWNER TO catalog_writer",
            "ALTER OPERATOR FAMILY app.pairs USING btree OWNER TO catalog_writer",
            "ALTER TEXT SEARCH DICTIONARY app.few OWNER TO catalog_writer",
            "ALTER TEXT SEARCH CONFIGURATION app.both OWNER TO catalog_writer",
            "ALTER SERVER other OWNER TO catalog_writer",
            "ALTER FOREIGN TABLE app.far OWNER TO catalog_writer",
            "ALTER PUBLICATION part_of_it OWNER TO catalog_writer",
            "ALTER STATISTICS public.users_stats OWNER TO catalog_writer",
        ):
            conn.execute(statement.encode())
        before = read(conn, owners=True, exclude=EXCLUDE)
        without = read(conn, exclude=EXCLUDE)
        conn.rollback()
    assert ("owner", "of table app.b") in before.objects
    assert ("owner", "of table app.b") not in without.objects
    assert compare_text(render(before), before) == []
    copy = empty()
    psql(copy, render(before))
    after = read_from(copy, owners=True)
    assert [str(difference) for difference in diff(before, after)] == []


def test_a_snapshot_of_everything_is_found_again_in_its_own_text(everything: Parameters) -> None:
    catalog = read_from(everything, exclude=EXCLUDE)
    assert compare_text(render(catalog), catalog) == []


NEWER = [
    pytest.param(
        150000,
        """
        CREATE TABLE t (a integer, b integer, UNIQUE NULLS NOT DISTINCT (a));
        CREATE UNIQUE INDEX i ON t (b) NULLS NOT DISTINCT WHERE a > 0;
        CREATE VIEW v WITH (security_invoker) AS SELECT a FROM t;
        CREATE UNLOGGED SEQUENCE s;
        CREATE UNLOGGED TABLE u (id serial, i integer GENERATED ALWAYS AS IDENTITY);
        CREATE TABLE f (a integer PRIMARY KEY, b integer, c integer,
            FOREIGN KEY (b) REFERENCES f ON DELETE SET NULL (b));
        GRANT CREATE ON SCHEMA public TO PUBLIC;
        CREATE SCHEMA app;
        CREATE PUBLICATION p FOR TABLE t WHERE (a > 1 AND b <> 2), TABLES IN SCHEMA public, app;
        CREATE PUBLICATION q FOR TABLE t (b, a) WHERE (a > 1), f (c, a);
        """,
        id="15",
    ),
    pytest.param(
        160000,
        "CREATE TABLE t (a text STORAGE EXTERNAL, j jsonb CHECK (j IS JSON OBJECT)); "
        "CREATE VIEW v AS SELECT json_object('a': a) AS o, json_arrayagg(a) AS l FROM t GROUP BY a;",
        id="16",
    ),
    pytest.param(
        170000,
        """
        CREATE TABLE p (id integer GENERATED ALWAYS AS IDENTITY, at date) PARTITION BY RANGE (at);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        GRANT MAINTAIN, SELECT ON p TO catalog_reader;
        CREATE VIEW v AS SELECT * FROM json_table('[1]'::jsonb, '$[*]' COLUMNS (n integer PATH '$')) AS j;
        """,
        id="17",
    ),
    pytest.param(
        180000,
        """
        CREATE EXTENSION btree_gist;
        CREATE TABLE t (id integer CONSTRAINT named_not_null NOT NULL, a integer, b integer, g integer GENERATED ALWAYS AS (a * 2),
            during daterange, CONSTRAINT unsure CHECK (a > 0) NOT ENFORCED,
            CONSTRAINT temporal PRIMARY KEY (id, during WITHOUT OVERLAPS));
        CREATE TABLE r (id integer, during daterange, FOREIGN KEY (id, PERIOD during) REFERENCES t (id, PERIOD during));
        ALTER TABLE t ADD CONSTRAINT later NOT NULL a NOT VALID;
        ALTER TABLE t ADD CONSTRAINT mine NOT NULL b NO INHERIT;
        CREATE TABLE f (a integer PRIMARY KEY, b integer, FOREIGN KEY (b) REFERENCES f NOT ENFORCED);
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO catalog_reader;
        """,
        id="18",
    ),
]


@pytest.mark.parametrize(("version", "statements"), NEWER)
def test_what_only_newer_versions_know_round_trips_there(
    version: int, statements: str, empty: Callable[[], Parameters], psql: Callable[[Parameters, str], None]
) -> None:
    first, second = empty(), empty()
    with psycopg.connect(**first, autocommit=True) as conn:
        if conn.info.server_version < version:
            pytest.skip(f"needs PostgreSQL {version // 10000}")
        conn.execute(statements.encode())
        before = read(conn)
    psql(second, render(before))
    after = read_from(second)
    assert [str(difference) for difference in diff(before, after)] == []
    assert after == before


def test_the_name_of_a_not_null_constraint_is_written_only_where_it_is_not_the_usual_one(
    empty: Callable[[], Parameters],
) -> None:
    named, plain = empty(), empty()
    for parameters, constraint in ((named, "CONSTRAINT t_id_not_null"), (plain, "")):
        with psycopg.connect(**parameters, autocommit=True) as conn:
            conn.execute(f"CREATE TABLE t (id integer {constraint} NOT NULL)".encode())
    assert read_from(named) == read_from(plain)
    assert "id integer NOT NULL" in render(read_from(plain))


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(
            """
            CREATE TABLE t (a integer, b integer);
            CREATE FUNCTION f(t) RETURNS integer LANGUAGE sql IMMUTABLE RETURN $1.a;
            CREATE FUNCTION g() RETURNS integer LANGUAGE sql RETURN f(ROW(1, 2)::t);
            ALTER TABLE t ALTER COLUMN b SET DEFAULT g();
            """,
            id="a default over the table itself",
        ),
        pytest.param(
            """
            CREATE DOMAIN d AS integer;
            CREATE FUNCTION f(d) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 > 0;
            ALTER DOMAIN d ADD CHECK (f(VALUE));
            CREATE TABLE t (a d, CHECK (f(a)));
            """,
            id="a domain checked by a function over it",
        ),
        pytest.param(
            """
            CREATE TABLE t (a integer);
            CREATE FUNCTION f(t) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1.a > 0;
            ALTER TABLE t ADD CHECK (f(t));
            CREATE INDEX i ON t (f(t));
            CREATE POLICY p ON t USING (f(t));
            """,
            id="a check, an index and a policy over the table's row type",
        ),
        pytest.param(
            """
            CREATE VIEW a AS SELECT 1 AS x;
            CREATE VIEW z AS SELECT x FROM a;
            CREATE VIEW b AS SELECT x FROM z;
            CREATE FUNCTION c() RETURNS SETOF b LANGUAGE sql BEGIN ATOMIC SELECT x FROM b; END;
            CREATE MATERIALIZED VIEW aa AS SELECT x FROM c();
            CREATE TABLE t (v b, m aa[]);
            """,
            id="views, a function, a materialised view and a table in a chain",
        ),
        pytest.param(
            """
            CREATE TYPE b AS (n integer);
            CREATE DOMAIN a AS b[];
            CREATE TYPE aa AS (x a, y b);
            CREATE TABLE t (id integer);
            CREATE TYPE aaa AS (row t, rows t[]);
            CREATE TABLE s (x aaa);
            """,
            id="types over types over a table",
        ),
        pytest.param(
            """
            CREATE TABLE p (a integer NOT NULL, b integer) PARTITION BY RANGE (a);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (a);
            CREATE TABLE p11 (b integer, a integer NOT NULL);
            ALTER TABLE p1 ATTACH PARTITION p11 FOR VALUES FROM (0) TO (5);
            ALTER TABLE p ADD CHECK (b > 0), ADD UNIQUE (a);
            CREATE TABLE r (a integer REFERENCES p (a));
            """,
            id="a check on a partitioned table with a partition of another column order",
        ),
        pytest.param(
            """
            CREATE TABLE t (a integer);
            CREATE INDEX t_a ON t (a);
            CREATE TABLE "a,b" ("c(d" integer DEFAULT 1, e text DEFAULT E'x,\n    y', "f.g" serial);
            CREATE FUNCTION "h(i"("j,k" text DEFAULT 'l)m') RETURNS void LANGUAGE sql AS '';
            COMMENT ON FUNCTION "h(i"(text) IS 'a; b';
            COMMENT ON COLUMN "a,b"."f.g" IS 'c -- d';
            """,
            id="names and texts with commas, parentheses and dots",
        ),
    ],
)
def test_statements_are_in_an_order_in_which_they_run(
    statements: str, empty: Callable[[], Parameters], psql: Callable[[Parameters, str], None]
) -> None:
    first, second = empty(), empty()
    with psycopg.connect(**first, autocommit=True) as conn:
        conn.execute(statements.encode())
        before = read(conn)
    psql(second, render(before))
    assert read_from(second) == before
    assert compare_text(render(before), before) == []


CLAUSES = [
    pytest.param(
        "EXCLUDE USING btree (a WITH =) WITH (fillfactor = 55)", id="an exclusion with storage parameters"
    ),
    pytest.param(
        "EXCLUDE USING btree (s WITH =) WITH (fillfactor = 55) USING INDEX TABLESPACE catalog_space "
        "WHERE (s <> ' DEFERRABLE WHERE (' AND CASE WHEN a > 0 THEN s <> 'x  y' ELSE true END) DEFERRABLE INITIALLY DEFERRED",
        id="an exclusion with every clause",
    ),
    pytest.param(
        'UNIQUE (a, "x DEFERRABLE") WITH (fillfactor = 50) DEFERRABLE', id="a column named like a clause"
    ),
    pytest.param(
        'PRIMARY KEY ("x DEFERRABLE") INCLUDE (" WHERE (") WITH (fillfactor = 50) USING INDEX TABLESPACE catalog_space '
        "DEFERRABLE INITIALLY DEFERRED",
        id="a key with every clause",
    ),
]
INDEXES = [
    pytest.param("((s || ' WHERE (')) TABLESPACE catalog_space", id="a literal like a clause"),
    pytest.param("(a) TABLESPACE catalog_space WHERE s <> ' WHERE ('", id="a predicate with such a literal"),
    pytest.param(
        "(a) TABLESPACE catalog_space WHERE CASE WHEN a > 0 THEN s <> 'a  b' ELSE true END",
        id="a predicate of several lines",
    ),
]


@pytest.fixture
def tablespace(any_server: Parameters) -> None:
    make_tablespace(any_server)


@pytest.mark.parametrize(
    "statement",
    [
        *(pytest.param(f"ALTER TABLE t ADD CONSTRAINT k {p.values[0]}", id=p.id) for p in CLAUSES),
        *(pytest.param(f"CREATE INDEX i ON t {p.values[0]}", id=p.id) for p in INDEXES),
    ],
)
@pytest.mark.usefixtures("tablespace")
def test_index_clauses_stand_where_they_belong_whatever_names_and_literals_hold(
    statement: str, empty: Callable[[], Parameters], psql: Callable[[Parameters, str], None]
) -> None:
    first, second = empty(), empty()
    with psycopg.connect(**first, autocommit=True) as conn:
        if "catalog_space" in statement and conn.info.server_version < 150000:
            pytest.skip("needs tablespaces in the data folder")
        conn.execute('CREATE TABLE t (a integer, s text, "x DEFERRABLE" integer, " WHERE (" integer)')
        conn.execute(statement.encode())
        before = read(conn)
    psql(second, render(before))
    assert read_from(second) == before
    assert compare_text(render(before), before) == []
