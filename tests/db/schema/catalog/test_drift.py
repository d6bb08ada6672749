"""Each kind of drift is one readable difference, found between catalogues and against the committed text."""

# ruff: noqa: E501 -- statements read best on one line

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from runner.schema.catalog.differences import compare_text, diff
from runner.schema.catalog.objects import Catalog
from runner.schema.catalog.read import read
from runner.schema.catalog.render import render

if TYPE_CHECKING:
    from collections.abc import Iterator

Parameters = dict[str, str]


@pytest.fixture(scope="module")
def connection(everything: Parameters) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(**everything) as conn:
        yield conn


@pytest.fixture
def conn(
    connection: psycopg.Connection[tuple[object, ...]], expected: Catalog
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection on which each test changes something, which is then taken back."""
    yield connection
    connection.rollback()


@pytest.fixture(scope="module")
def expected(connection: psycopg.Connection[tuple[object, ...]]) -> Catalog:
    return read(connection)


DRIFT = [
    # tables and columns
    (
        "CREATE TABLE app.new (id integer PRIMARY KEY, note text); CREATE INDEX ON app.new (note); GRANT SELECT ON app.new TO PUBLIC",
        "unexpected table app.new",
    ),
    ("DROP TABLE app.with_function_default", "missing table app.with_function_default"),
    ("DROP TABLE app.typed", "missing table app.typed"),
    ("ALTER TABLE app.a ADD COLUMN note text", "unexpected column app.a.note"),
    ("ALTER TABLE app.keys DROP COLUMN d", "missing column app.keys.d"),
    ("ALTER TABLE public.users ALTER COLUMN role SET DEFAULT 'guest'", "changed column public.users.role"),
    (
        "ALTER TABLE public.users ALTER COLUMN login_count DROP DEFAULT",
        "changed column public.users.login_count",
    ),
    (
        'ALTER TABLE "Odd Schema"."таблица" ALTER COLUMN note TYPE character varying(5)',
        'changed column "Odd Schema"."таблица".note',
    ),
    ("ALTER TABLE public.users ALTER COLUMN day SET NOT NULL", "changed column public.users.day"),
    (
        "ALTER TABLE public.users ALTER COLUMN full_name DROP EXPRESSION",
        "changed column public.users.full_name",
    ),
    ("ALTER TABLE app.keys ALTER COLUMN d DROP IDENTITY", "changed column app.keys.d"),
    ("ALTER TABLE app.keys ALTER COLUMN e SET INCREMENT BY 20", "changed column app.keys.e"),
    (
        'ALTER TABLE "Odd Schema"."Odd ""Table""" ALTER COLUMN "CamelCase" TYPE text COLLATE "C"',
        'changed column "Odd Schema"."Odd ""Table"""."CamelCase"',
    ),
    (
        "ALTER TABLE public.users ALTER COLUMN name SET STORAGE MAIN",
        "changed column storage public.users.name",
    ),
    (
        "ALTER TABLE public.users ALTER COLUMN role SET STATISTICS -1",
        "missing column statistics public.users.role",
    ),
    (
        "ALTER TABLE public.users ALTER COLUMN code SET COMPRESSION default",
        "changed column public.users.code",
    ),
    ("ALTER TABLE public.users SET (fillfactor = 80)", "changed table public.users"),
    ("ALTER TABLE public.users SET (toast.autovacuum_enabled = true)", "changed table public.users"),
    ("ALTER TABLE app.no_columns SET UNLOGGED", "changed table app.no_columns"),
    ("ALTER TABLE app.child NO INHERIT app.base2", "changed table app.child"),
    ("ALTER TABLE app.typed NOT OF", "changed table app.typed"),
    # constraints and indexes
    (
        "ALTER TABLE public.users DROP CONSTRAINT users_role_check",
        "missing constraint users_role_check on public.users",
    ),
    ("ALTER TABLE public.users VALIDATE CONSTRAINT later", "changed constraint later on public.users"),
    (
        "ALTER TABLE app.a DROP CONSTRAINT a_b_fkey; ALTER TABLE app.a ADD CONSTRAINT a_b_fkey FOREIGN KEY (b_id) REFERENCES app.b NOT VALID; COMMENT ON CONSTRAINT a_b_fkey ON app.a IS 'points to b'",
        "changed foreign key a_b_fkey on app.a",
    ),
    (
        "ALTER TABLE app.b ALTER CONSTRAINT b_a_id_fkey NOT DEFERRABLE",
        "changed foreign key b_a_id_fkey on app.b",
    ),
    (
        "ALTER DOMAIN app.email DROP CONSTRAINT email_check1",
        "missing constraint email_check1 on domain app.email",
    ),
    ("DROP INDEX public.users_unique_idx", "missing index users_unique_idx on public.users"),
    ("CREATE INDEX extra ON app.scratch (note DESC)", "unexpected index extra on app.scratch"),
    (
        "ALTER INDEX public.idx_users_lower SET (fillfactor = 50)",
        "changed index idx_users_lower on public.users",
    ),
    (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'public.users_doc_idx'::regclass",
        "changed index users_doc_idx on public.users",
    ),
    ("ALTER TABLE public.users SET WITHOUT CLUSTER", "missing cluster of public.users"),
    ("ALTER TABLE app.b REPLICA IDENTITY NOTHING", "changed replica identity of app.b"),
    ("DROP STATISTICS app.users_expr", "missing statistics app.users_expr"),
    # partitions
    ("ALTER TABLE app.listed DETACH PARTITION app.listed_null", "changed table app.listed_null"),
    (
        "CREATE TABLE app.hashed_more PARTITION OF app.events_2024 FOR VALUES IN ('us')",
        "unexpected table app.hashed_more",
    ),
    # sequences
    ("ALTER SEQUENCE app.plain CACHE 3", "changed sequence app.plain"),
    ("ALTER SEQUENCE app.fancy OWNED BY NONE", "missing sequence ownership app.fancy"),
    # routines
    (
        "CREATE OR REPLACE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS 'BEGIN RETURN OLD; END'",
        "changed function app.touch()",
    ),
    ("ALTER FUNCTION app.is_word(text) STABLE", "changed function app.is_word(text)"),
    ("ALTER FUNCTION app.touch() RESET search_path", "changed function app.touch()"),
    ("DROP FUNCTION app.insert_a(integer)", "missing function app.insert_a(integer)"),
    (
        "CREATE FUNCTION app.touch(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "unexpected function app.touch(integer)",
    ),
    ("ALTER PROCEDURE app.work(integer, text) SECURITY DEFINER", "changed procedure app.work(integer,text)"),
    ("DROP AGGREGATE app.moving(double precision)", "missing aggregate app.moving(double precision)"),
    # views
    (
        "CREATE OR REPLACE VIEW app.checked AS SELECT id, b_id FROM app.a WHERE b_id > 1",
        "changed view app.checked",
    ),
    ("ALTER VIEW app.joined RESET (security_barrier)", "changed view app.joined"),
    ("DROP VIEW app.of_values", "missing view app.of_values"),
    ("ALTER VIEW app.for_rules ALTER COLUMN two DROP DEFAULT", "missing column default app.for_rules.two"),
    ("DROP MATERIALIZED VIEW app.mat2", "missing materialized view app.mat2"),
    # triggers, rules, policies
    ("DROP TRIGGER instead ON app.simple", "missing trigger instead on app.simple"),
    ("ALTER TABLE public.users DISABLE TRIGGER touch", "changed trigger touch on public.users"),
    (
        'ALTER TABLE public.users ENABLE TRIGGER "Odd Trigger"',
        'changed trigger "Odd Trigger" on public.users',
    ),
    ("ALTER TABLE app.events_old ENABLE TRIGGER on_parts", "missing trigger on_parts on app.events_old"),
    (
        "ALTER TABLE app.events_2024_eu DISABLE TRIGGER on_parts",
        "unexpected trigger on_parts on app.events_2024_eu",
    ),
    ("ALTER EVENT TRIGGER catalog_ddl ENABLE", "changed event trigger catalog_ddl"),
    ("DROP RULE insert_one ON app.for_rules", "missing rule insert_one on app.for_rules"),
    ("ALTER TABLE app.a ENABLE RULE delete_none", "changed rule delete_none on app.a"),
    ('DROP POLICY "Own Rows" ON public.users', 'missing policy "Own Rows" on public.users'),
    ("ALTER POLICY adding ON app.a WITH CHECK (id > 1)", "changed policy adding on app.a"),
    ("ALTER POLICY by_other ON app.a TO catalog_reader", "changed policy by_other on app.a"),
    ("ALTER TABLE public.users DISABLE ROW LEVEL SECURITY", "missing row level security of public.users"),
    ("ALTER TABLE app.a NO FORCE ROW LEVEL SECURITY", "changed row level security of app.a"),
    # types, schemas, extensions
    ("ALTER TYPE app.empty_enum ADD VALUE 'one'", "changed type app.empty_enum"),
    ("ALTER TYPE app.empty_type ADD ATTRIBUTE a integer", "changed type app.empty_type"),
    ("ALTER DOMAIN app.positive SET DEFAULT 2", "changed domain app.positive"),
    ("ALTER DOMAIN app.positive DROP NOT NULL", "changed domain app.positive"),
    ("DROP TYPE app.floatrange", "missing type app.floatrange"),
    ("CREATE SCHEMA other", "unexpected schema other"),
    ("CREATE EXTENSION hstore", "unexpected extension hstore"),
    ("ALTER EXTENSION pgcrypto SET SCHEMA ext", "changed extension pgcrypto"),
    # comments
    ("COMMENT ON COLUMN public.users.email IS 'else'", "changed comment on column public.users.email"),
    ("COMMENT ON TABLE public.users IS NULL", "missing comment on table public.users"),
    ("COMMENT ON FUNCTION app.touch() IS 'x'", "unexpected comment on function app.touch()"),
    ("COMMENT ON INDEX public.users_pkey IS NULL", "missing comment on index public.users_pkey"),
    ("COMMENT ON SCHEMA public IS 'ours'", "unexpected comment on schema public"),
    (
        "COMMENT ON CONSTRAINT positive_check ON DOMAIN app.positive IS 'x'",
        "changed comment on constraint positive_check on domain app.positive",
    ),
    # rights
    ("REVOKE SELECT ON app.mat FROM catalog_reader", "missing grant on table app.mat to catalog_reader"),
    ("GRANT SELECT ON app.keys TO catalog_reader", "unexpected grant on table app.keys to catalog_reader"),
    (
        "REVOKE UPDATE (role) ON public.users FROM catalog_reader",
        "changed grant on table public.users to catalog_reader",
    ),
    (
        "GRANT SELECT ON public.users TO catalog_reader WITH GRANT OPTION",
        "changed grant on table public.users to catalog_reader",
    ),
    (
        "GRANT EXECUTE ON FUNCTION app.add(integer, integer) TO PUBLIC",
        "missing revoke on function app.add(integer,integer) from PUBLIC",
    ),
    (
        "REVOKE EXECUTE ON FUNCTION app.touch() FROM PUBLIC",
        "unexpected revoke on function app.touch() from PUBLIC",
    ),
    ("REVOKE USAGE ON SCHEMA app FROM catalog_reader", "missing grant on schema app to catalog_reader"),
    ("REVOKE USAGE ON SCHEMA public FROM PUBLIC", "unexpected revoke on schema public from PUBLIC"),
    (
        "GRANT USAGE ON SEQUENCE app.keys_b_seq TO catalog_reader",
        "unexpected grant on sequence app.keys_b_seq to catalog_reader",
    ),
    ("GRANT USAGE ON TYPE app.mood TO PUBLIC", "missing revoke on type app.mood from PUBLIC"),
    (
        "REVOKE TRUNCATE ON app.scratch FROM CURRENT_ROLE",
        "unexpected revoke on table app.scratch from CURRENT_ROLE",
    ),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE ALL ON TABLES FROM catalog_writer",
        "missing default privileges in schema app grant on tables to catalog_writer",
    ),
    (
        "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
        "missing default privileges revoke on functions from PUBLIC",
    ),
]
ONE = [
    pytest.param(statements, line, id=f"{line} {number}") for number, (statements, line) in enumerate(DRIFT)
]


@pytest.mark.parametrize(("statements", "line"), ONE)
def test_drift_is_one_readable_difference(
    conn: psycopg.Connection[tuple[object, ...]], expected: Catalog, statements: str, line: str
) -> None:
    conn.execute(statements.encode())
    actual = read(conn)
    found = diff(expected, actual)
    assert [str(difference) for difference in found] == [line]
    assert found[0].expected_sql != found[0].actual_sql
    # the committed text says the same; only it may spell a routine's arguments as they were written
    said = [str(difference).partition("(")[0] for difference in compare_text(render(expected), actual)]
    assert said == [line.partition("(")[0]]


@pytest.mark.parametrize(
    ("statements", "lines"),
    [
        pytest.param(
            "ALTER TABLE public.users RENAME CONSTRAINT users_email_key TO other",
            [
                "missing constraint users_email_key on public.users",
                "unexpected constraint other on public.users",
            ],
            id="a renamed constraint",
        ),
        pytest.param(
            "ALTER TABLE app.keys DROP COLUMN e, ADD COLUMN e integer",
            ["changed column app.keys.e", "changed column order of app.keys"],
            id="a column that moved to the end",
        ),
        pytest.param(
            "ALTER TABLE app.a ADD COLUMN x integer, ADD COLUMN y text; ALTER TABLE app.a ALTER COLUMN parent SET DEFAULT 1",
            ["changed column app.a.parent", "unexpected column app.a.x", "unexpected column app.a.y"],
            id="three columns",
        ),
        pytest.param(
            "DROP SEQUENCE app.keys_c_seq CASCADE",
            ["changed column app.keys.c", "missing sequence app.keys_c_seq"],
            id="a sequence and the default that used it",
        ),
    ],
)
def test_several_changes_are_listed_in_the_order_of_the_file(
    conn: psycopg.Connection[tuple[object, ...]], expected: Catalog, statements: str, lines: list[str]
) -> None:
    conn.execute(statements.encode())
    actual = read(conn)
    assert [str(difference) for difference in diff(expected, actual)] == lines


def test_a_missing_table_is_told_with_all_that_was_on_it(
    conn: psycopg.Connection[tuple[object, ...]], expected: Catalog
) -> None:
    conn.execute("DROP TABLE app.keys")
    actual = read(conn)
    found = {str(difference): difference for difference in diff(expected, actual)}
    table = found["missing table app.keys"]
    assert table.actual_sql is None
    assert table.expected_sql is not None
    assert "COMMENT ON SEQUENCE app.keys_a_seq" in table.expected_sql
    assert "ALTER SEQUENCE app.renamed_seq OWNED BY app.keys.g;" in table.expected_sql
    assert not any("comment" in line or "ownership" in line for line in found)


def test_a_changed_default_shows_both_lines(
    conn: psycopg.Connection[tuple[object, ...]], expected: Catalog
) -> None:
    conn.execute("ALTER TABLE public.users ALTER COLUMN role SET DEFAULT 'guest'")
    (difference,) = diff(expected, read(conn))
    assert difference.expected_sql == "role text NOT NULL DEFAULT 'user'::text"
    assert difference.actual_sql == "role text NOT NULL DEFAULT 'guest'::text"
