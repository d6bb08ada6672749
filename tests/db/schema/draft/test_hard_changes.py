"""Changes that no single statement makes: what one takes away or brings along, another makes or leaves out."""

from __future__ import annotations

import psycopg
import pytest

from runner.schema.catalog.read import read
from runner.schema.draft.change import Ways
from runner.schema.draft.files import draft_files
from runner.schema.draft.renames import renames
from runner.schema.draft.trial import counting

GENERATED = (
    "CREATE TABLE t (id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a + {}) STORED UNIQUE CHECK (g > 0));"
    " CREATE INDEX t_g ON t (g); CREATE VIEW v AS SELECT g FROM t; COMMENT ON COLUMN t.g IS 'x';"
    " CREATE STATISTICS s ON a, g FROM t;"
)
PARTITIONED = (
    "CREATE TABLE p (a int NOT NULL, b int NOT NULL{}) PARTITION BY LIST (a);"
    " CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (b);"
    " CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);"
)
KEYED = "CREATE TABLE p (a int NOT NULL CHECK (a > 0), b int, PRIMARY KEY (a)) PARTITION BY LIST (a); "
SERIAL = "CREATE TABLE t (id serial PRIMARY KEY); COMMENT ON SEQUENCE t_id_seq IS 'n';"
GRANT = " GRANT USAGE ON SEQUENCE t_id_seq TO PUBLIC; "
LONG = "CREATE TABLE {0}_table (id int PRIMARY KEY, {0}_a int {1}, {0}_b int {1}, CONSTRAINT x CHECK ({0}_a <> 7));"
LONG_NAME = "a_very_very_very_very_long_name_of_something"


@pytest.mark.parametrize("is_safe", [True, False], ids=["carefully", "in one file"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(GENERATED.format(1), GENERATED.format(2), id="a generated column that things hang on"),
        pytest.param(
            PARTITIONED.format(""), PARTITIONED.format(", PRIMARY KEY (a, b)"), id="key over partitions"
        ),
        pytest.param(
            PARTITIONED.format(""),
            PARTITIONED.format("") + "CREATE INDEX ON p (b);",
            id="index over partitions",
        ),
        pytest.param(
            f"{KEYED} CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE INDEX ON p (b);",
            f"{KEYED} CREATE TABLE p1 (a int NOT NULL CONSTRAINT p_a_check CHECK (a > 0), b int, PRIMARY KEY (a));"
            " CREATE INDEX ON p (b); CREATE INDEX ON p1 (b);",
            id="partition with its key",
        ),
        pytest.param(
            f"{KEYED} CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);",
            f"{KEYED} CREATE TABLE p1 (a int NOT NULL, b int);",
            id="partition without its key",
        ),
        pytest.param(
            f"{SERIAL} {GRANT}",
            "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"
            f"{GRANT} COMMENT ON SEQUENCE t_id_seq IS 'n';",
            id="serial and identity with a grant",
        ),
        pytest.param(
            "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
            "CREATE SEQUENCE t_id_seq; CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('t_id_seq'));",
            id="identity and a sequence of the same name",
        ),
        pytest.param(
            "CREATE EXTENSION citext; CREATE TABLE t (id int PRIMARY KEY, a citext);",
            "CREATE TABLE t (id int PRIMARY KEY, a text);",
            id="extension with a type",
        ),
        pytest.param(LONG.format(LONG_NAME, ""), LONG.format(LONG_NAME, "NOT NULL"), id="long names"),
    ],
)
def test_a_draft_leads_there_and_back(new_database, one, other, is_safe):
    for before, after in ((one, other), (other, one)):
        there_and_back(new_database, before, after, is_safe=is_safe)


@pytest.mark.parametrize("is_safe", [True, False], ids=["carefully", "in one file"])
@pytest.mark.parametrize(
    ("renamed", "after"),
    [
        ("public.t=u", "CREATE TABLE u (id serial PRIMARY KEY); COMMENT ON SEQUENCE u_id_seq IS 'n';"),
        ("public.t.id=no", "CREATE TABLE t (no serial PRIMARY KEY); COMMENT ON SEQUENCE t_no_seq IS 'n';"),
        ("public.t=u", "CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"),
    ],
)
def test_a_serial_follows_what_is_renamed(new_database, renamed, after, is_safe):
    found = there_and_back(new_database, SERIAL, after, renamed, is_safe=is_safe)
    assert not [loss for file in found.files for loss in file.loses]


def test_an_inherited_column_is_a_persons_own_business(new_database):
    one, other = (
        f"CREATE TABLE a (x int); CREATE TABLE b ({columns};"
        for columns in ("x int, z int)", "z int) INHERITS (a)")
    )
    found = there_and_back(new_database, one, other)
    assert [str(each) for each in found.undrafted] == [
        "table public.b: a column of its own cannot become one that it only inherits"
    ]
    (file,) = there_and_back(new_database, other, one).files
    assert file.irreversible == "a column of its own cannot become one that it only inherits"


def there_and_back(new_database, before, after, *renamed, is_safe=True):
    """Draft from one schema to another; run it, and back."""
    with (
        psycopg.connect(**new_database(), autocommit=True) as conn,
        psycopg.connect(**new_database(), autocommit=True) as other,
    ):
        conn.execute(before.encode())
        other.execute(after.encode())
        start, wanted = read(conn), read(other)
        found = draft_files(
            conn, lambda: read(conn), wanted, Ways(is_safe=is_safe), renames=renames(start, renamed)
        )
        assert counting(found.wanted, read(conn)) == []
        if all(file.undo is not None for file in found.files):
            for statement in (sql for file in reversed(found.files) for sql in file.undo):
                conn.execute(statement.encode())
            assert counting(start, read(conn)) == []
            assert not found.files or found.undrafted or found.wanted == wanted
    return found
