"""How a schema is read: by whom, in which transaction, and what is left out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg
import pytest
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from runner.schema.catalog.differences import compare_text, diff
from runner.schema.catalog.objects import Catalog
from runner.schema.catalog.read import read
from runner.schema.catalog.render import render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Parameters = dict[str, str]
Connection = psycopg.Connection[Any]


def read_from(parameters: Parameters, **options: Any) -> Catalog:
    with psycopg.connect(**parameters) as conn:
        return read(conn, **options)


@pytest.fixture
def conn(empty: Callable[[], Parameters]) -> Iterator[Connection]:
    with psycopg.connect(**empty(), autocommit=True) as connection:
        yield connection


@pytest.fixture
def stranger(any_server: Parameters, everything: Parameters) -> Iterator[Parameters]:
    """A role that may connect, and nothing else."""
    name = "catalog_stranger"
    with psycopg.connect(**any_server, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS catalog_stranger")
        admin.execute("CREATE ROLE catalog_stranger LOGIN PASSWORD 'catalog'")
    yield {**everything, "user": name, "password": "catalog"}
    with psycopg.connect(**any_server, autocommit=True) as admin:
        admin.execute("DROP ROLE catalog_stranger")


def test_a_role_without_any_rights_reads_the_same(everything: Parameters, stranger: Parameters) -> None:
    with psycopg.connect(**stranger) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("SELECT FROM public.users")
        conn.rollback()
        assert read(conn) == read_from(everything)


def test_a_read_only_transaction_is_enough(everything: Parameters) -> None:
    with psycopg.connect(**everything) as conn:
        conn.read_only = True
        assert read(conn) == read_from(everything)


def test_an_idle_connection_is_idle_afterwards(conn: Connection) -> None:
    conn.execute("SET search_path = pg_catalog; SET TimeZone = 'Asia/Tokyo'")
    read(conn)
    assert conn.info.transaction_status == TransactionStatus.IDLE
    assert conn.execute("SHOW search_path").fetchone() == ("pg_catalog",)
    assert conn.execute("SHOW timezone").fetchone() == ("Asia/Tokyo",)
    assert conn.execute("SHOW transaction_read_only").fetchone() == ("off",)


def test_a_transaction_sees_its_own_changes_and_goes_on_with_its_settings(conn: Connection) -> None:
    with conn.transaction():
        conn.execute("CREATE DOMAIN public.d AS integer")
        # after this PostgreSQL refuses a savepoint with XX000 when the constraint is looked at again
        conn.execute("ALTER DOMAIN public.d ADD CHECK (VALUE > 0)")
        conn.execute("SET LOCAL search_path = public; SET LOCAL lock_timeout = '7s'")
        catalog = read(conn)
        assert conn.execute("SHOW search_path").fetchone() == ("public",)
        assert conn.execute("SHOW lock_timeout").fetchone() == ("7s",)
        conn.execute("CREATE TABLE public.t (a public.d)")
    assert ("domain", "public.d") in catalog.objects
    assert ("table", "public.t") not in catalog.objects
    assert ("table", "public.t") in read(conn).objects


@pytest.mark.parametrize(
    "settings",
    [
        'SET search_path = app, public, "Odd Schema"',
        "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = iso_8601",
        "SET quote_all_identifiers = on; SET bytea_output = escape; SET extra_float_digits = 0",
        "SET row_security = off; SET standard_conforming_strings = on; SET jit = on; SET jit_above_cost = 0",
        "SET default_transaction_isolation = serializable; SET default_transaction_read_only = on",
    ],
)
def test_the_settings_of_the_session_do_not_show(everything: Parameters, settings: str) -> None:
    with psycopg.connect(**everything, autocommit=True, row_factory=dict_row) as conn:
        conn.execute(settings.encode())
        alone = read(conn)
        with conn.transaction():
            within = read(conn)
    assert render(alone) == render(within) == render(read_from(everything))


def test_the_number_of_queries_does_not_grow_with_the_schema(conn: Connection) -> None:
    counts = []
    for number in range(2):
        for table in range(1 + 50 * number):
            conn.execute(
                f"CREATE TABLE public.t{number}_{table} (id serial PRIMARY KEY, a text DEFAULT 'x' CHECK (a <> ''));"
                f"CREATE INDEX ON public.t{number}_{table} (a); CREATE VIEW public.v{number}_{table} AS SELECT 1 AS one;"
                f"COMMENT ON TABLE public.t{number}_{table} IS 'x'; GRANT SELECT ON public.t{number}_{table} TO PUBLIC;".encode()
            )
        conn.cursor_factory = CountingCursor
        CountingCursor.count = 0
        read(conn)
        counts.append(CountingCursor.count)
        conn.cursor_factory = psycopg.Cursor
    assert counts[0] == counts[1] < 30


class CountingCursor(psycopg.Cursor[Any]):
    count = 0

    def execute(self, *args: Any, **kwargs: Any) -> CountingCursor:
        CountingCursor.count += 1
        return super().execute(*args, **kwargs)


@pytest.mark.parametrize("drop", ["TABLE t CASCADE", "VIEW v", "FUNCTION f()", "INDEX i", "TABLE k"])
def test_what_another_session_drops_meanwhile_is_not_in_the_way(
    empty: Callable[[], Parameters], drop: str
) -> None:
    parameters = empty()
    with psycopg.connect(**parameters, autocommit=True) as other, psycopg.connect(**parameters) as conn:
        other.execute(
            "CREATE TABLE t (id serial PRIMARY KEY, a text DEFAULT 'x' CHECK (a <> '')); CREATE INDEX i ON t (a);"
            "CREATE VIEW v AS SELECT a FROM t; CREATE TABLE k (a integer CHECK (a > 0));"
            "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE RULE r AS ON DELETE TO t DO NOTHING"
        )

        class DroppingCursor(psycopg.Cursor[Any]):
            """Drops something once, after the first query has taken the snapshot."""

            pending: ClassVar[list[str]] = [f"DROP {drop}"]

            def execute(self, query: Any, *args: Any, **kwargs: Any) -> DroppingCursor:
                super().execute(query, *args, **kwargs)
                if (
                    b"pg_catalog.pg_namespace" in (query if isinstance(query, bytes) else query.encode())
                    and self.pending
                ):
                    other.execute(self.pending.pop().encode())
                return self

        conn.cursor_factory = DroppingCursor
        catalog = read(conn)
        assert DroppingCursor.pending == []
        conn.cursor_factory = psycopg.Cursor
        assert catalog == read(conn)


def test_what_is_not_described_is_at_least_named(conn: Connection) -> None:
    conn.execute(
        "CREATE CONVERSION public.german FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;"
        "CREATE TYPE r AS RANGE (subtype = integer); CREATE EXTENSION citext"
    )
    catalog = read(conn)
    assert catalog.unsupported == ("conversion public.german",)
    assert catalog == Catalog(catalog.objects)
    assert read(conn, schemas=["public"]).unsupported == ("conversion public.german",)


def test_oids_creation_order_and_dropped_columns_do_not_count(empty: Callable[[], Parameters]) -> None:
    first, second = empty(), empty()
    with psycopg.connect(**first, autocommit=True) as conn:
        conn.execute(
            "CREATE TABLE a (x integer, y text); CREATE TABLE b (id serial PRIMARY KEY); CREATE INDEX i ON a (x);"
            "CREATE INDEX j ON a (y); CREATE VIEW v AS SELECT x FROM a; GRANT SELECT, INSERT ON a TO PUBLIC"
        )
    with psycopg.connect(**second, autocommit=True) as conn:
        conn.execute(
            "CREATE SEQUENCE waste; DROP SEQUENCE waste; CREATE TABLE b (id integer); ALTER TABLE b DROP COLUMN id;"
            "ALTER TABLE b ADD COLUMN id serial, ADD PRIMARY KEY (id); CREATE TABLE a (w date, x integer, z date);"
            "ALTER TABLE a DROP COLUMN w, DROP COLUMN z; ALTER TABLE a ADD COLUMN y text; GRANT INSERT ON a TO PUBLIC;"
            "CREATE INDEX j ON a (y); CREATE INDEX i ON a (x); GRANT SELECT ON a TO PUBLIC; CREATE VIEW v AS SELECT x FROM a"
        )
    assert read_from(first) == read_from(second)
    assert render(read_from(first)) == render(read_from(second))


def test_the_order_of_columns_counts_because_select_star_shows_it(empty: Callable[[], Parameters]) -> None:
    first, second = empty(), empty()
    for parameters, columns in ((first, "x integer, y text"), (second, "y text, x integer")):
        with psycopg.connect(**parameters, autocommit=True) as conn:
            conn.execute(f"CREATE TABLE a ({columns})".encode())
    assert read_from(first) != read_from(second)


def test_the_tables_of_the_history_are_left_out_with_all_they_have(conn: Connection) -> None:
    empty = read(conn)
    for schema in ("public", "history"):
        conn.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
        for table in (
            "_yoyo_migration",
            "_yoyo_log",
            "_yoyo_version",
            "yoyo_lock",
            "_runner_migration",
            "_runner_journal",
        ):
            conn.execute(
                f"CREATE TABLE {schema}.{table} (id serial PRIMARY KEY, i integer GENERATED ALWAYS AS IDENTITY,"
                f" t text DEFAULT 'x' CHECK (t <> '')); CREATE INDEX ON {schema}.{table} (t);"
                f" COMMENT ON TABLE {schema}.{table} IS 'x'; COMMENT ON COLUMN {schema}.{table}.t IS 'x';"
                f" GRANT ALL ON {schema}.{table} TO PUBLIC; GRANT ALL ON SEQUENCE {schema}.{table}_id_seq TO PUBLIC;"
                f" CREATE TRIGGER t BEFORE UPDATE ON {schema}.{table} EXECUTE FUNCTION"
                " suppress_redundant_updates_trigger();".replace("EXECUTE", "FOR EACH ROW EXECUTE").encode()
            )
    assert set(read(conn).objects) - set(empty.objects) == {("schema", "history")}


def test_other_relations_can_be_left_out_by_name(conn: Connection) -> None:
    conn.execute(
        "CREATE SCHEMA a; CREATE TABLE a.x (id serial); CREATE TABLE public.x (id serial); CREATE VIEW a.v AS SELECT 1 AS o"
    )
    assert [key for key in read(conn, exclude=["x", "a.v"]).objects if key[0] != "schema"] == []
    assert [key for key in read(conn, exclude=["a.x", "a.v"]).objects if key[0] != "schema"] == [
        ("table", "public.x")
    ]


def test_schemas_limits_what_is_read(conn: Connection) -> None:
    conn.execute(
        "CREATE SCHEMA a; CREATE TABLE a.x (); CREATE TABLE public.x (); ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC"
    )
    assert list(read(conn, schemas=["a"]).objects) == [("schema", "a"), ("table", "a.x")]


def test_members_of_extensions_are_left_out(conn: Connection) -> None:
    conn.execute(
        "CREATE EXTENSION citext; CREATE EXTENSION pg_stat_statements; CREATE TABLE t (a citext DEFAULT 'x')"
    )
    text = render(read(conn))
    assert [line for line in text.splitlines() if line.startswith("CREATE")] == [
        "CREATE EXTENSION IF NOT EXISTS citext;",
        "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;",
        "CREATE TABLE public.t (",
    ]


def test_temporary_tables_are_left_out(conn: Connection) -> None:
    conn.execute("CREATE TEMPORARY TABLE t (id serial PRIMARY KEY); CREATE INDEX ON t (id)")
    assert read(conn).objects == {}


def test_an_empty_database_reads_empty_on_every_version(conn: Connection) -> None:
    assert read(conn, owners=True).objects == {}


def test_create_on_public_is_shown_only_where_someone_granted_it(conn: Connection) -> None:
    if conn.info.server_version < 150000:
        conn.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        assert read(conn).objects == {}
    else:
        conn.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        assert list(read(conn).objects) == [("grant", "on schema public to PUBLIC")]


def test_an_invalid_index_is_marked(conn: Connection) -> None:
    conn.execute("CREATE TABLE t (a integer); INSERT INTO t VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        conn.execute("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)")
    item = read(conn).objects["index", "i on public.t"]
    assert item.sql == (
        "CREATE UNIQUE INDEX i ON public.t USING btree (a)\n"
        "    /* INVALID: a build with CONCURRENTLY failed; nothing uses it */;"
    )


def test_a_foreign_key_whose_triggers_are_disabled_says_that_it_holds_nobody(conn: Connection) -> None:
    conn.execute("CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (a_id integer REFERENCES a)")
    conn.execute("ALTER TABLE b DISABLE TRIGGER ALL")
    item = read(conn).objects["foreign key", "b_a_id_fkey on public.b"]
    assert item.sql.endswith("REFERENCES public.a(id)\n    /* NOT ENFORCED: its triggers are disabled */;")
    conn.execute("ALTER TABLE b ENABLE TRIGGER ALL")
    assert "NOT ENFORCED" not in read(conn).objects["foreign key", "b_a_id_fkey on public.b"].sql


def test_the_other_owners_are_those_that_the_migrating_role_is_not(conn: Connection) -> None:
    conn.execute("CREATE TABLE a (); CREATE TABLE b (); ALTER TABLE b OWNER TO catalog_writer")
    owners = [item.sql for item in read(conn, other_owners=True).objects.values() if item.kind == "owner"]
    assert owners == ["ALTER TABLE public.b OWNER TO catalog_writer;"]


def test_default_privileges_of_the_role_that_migrates_do_not_name_it(conn: Connection) -> None:
    conn.execute("ALTER DEFAULT PRIVILEGES FOR ROLE catalog_writer GRANT SELECT ON TABLES TO PUBLIC")
    assert "FOR ROLE catalog_writer" in render(read(conn))
    assert "FOR ROLE" not in render(read(conn, owner="catalog_writer"))
    conn.execute(
        "CREATE TABLE public._yoyo_migration (); ALTER TABLE public._yoyo_migration OWNER TO catalog_writer"
    )
    assert "FOR ROLE" not in render(read(conn))


def test_a_grant_says_who_gave_it_unless_that_is_the_owner(conn: Connection) -> None:
    conn.execute(
        "CREATE TABLE t (a integer, b integer); GRANT SELECT ON t TO catalog_writer WITH GRANT OPTION"
    )
    conn.execute("SET ROLE catalog_writer; GRANT SELECT ON t TO catalog_reader; RESET ROLE")
    before = read(conn)
    conn.execute(
        "REVOKE SELECT ON t FROM catalog_writer CASCADE; GRANT SELECT ON t TO catalog_reader, catalog_writer"
    )
    conn.execute(
        "GRANT SELECT ON t TO catalog_writer WITH GRANT OPTION; GRANT SELECT (a) ON t TO CURRENT_USER"
    )
    after = read(conn)
    handed_on = before.objects["grant", "on table public.t to catalog_reader by catalog_writer"]
    assert handed_on.sql == (
        "SET ROLE catalog_writer;\nGRANT SELECT ON TABLE public.t TO catalog_reader;\nRESET ROLE;"
    )
    assert compare_text(render(before), before) == []
    assert [str(difference) for difference in diff(before, after)] == [
        "missing grant on table public.t to catalog_reader by catalog_writer",
        "unexpected grant on table public.t to CURRENT_ROLE",
        "unexpected grant on table public.t to catalog_reader",
    ]


def test_grants_to_roles_with_odd_names_are_quoted(conn: Connection, any_server: Parameters) -> None:
    role = sql.Identifier('odd "role" name; catalog')
    conn.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
    conn.execute(sql.SQL("CREATE ROLE {}").format(role))
    try:
        conn.execute(sql.SQL("CREATE TABLE t (); GRANT SELECT ON t TO {}").format(role))
        assert 'GRANT SELECT ON TABLE public.t TO "odd ""role"" name; catalog";' in render(read(conn))
    finally:
        conn.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))


def test_all_rights_on_a_table_are_all_on_every_version(conn: Connection) -> None:
    conn.execute("CREATE TABLE t (); GRANT ALL ON t TO catalog_reader")
    conn.execute(
        "CREATE TABLE u (); GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON u TO catalog_reader"
    )
    grants = [item.sql for item in read(conn).objects.values() if item.kind == "grant"]
    assert grants == [
        "GRANT ALL ON TABLE public.t TO catalog_reader;",
        "GRANT ALL ON TABLE public.u TO catalog_reader;",
    ]


def test_the_queries_name_every_catalogue_with_its_schema() -> None:
    queries = sorted((Path(__file__).parents[4] / "runner/schema/catalog/queries").glob("*.sql"))
    assert queries
    for query in queries:
        for line in query.read_text(encoding="utf-8").splitlines():
            words = line.partition("--")[0].split()
            for before, name in pairwise(words):
                if before in ("FROM", "JOIN") and name.startswith("pg_"):
                    assert name.startswith("pg_catalog."), f"{query.name}: {line}"


def test_a_table_whose_owner_has_no_maintain_is_as_one_from_before_it_existed(conn: Connection) -> None:
    if conn.info.server_version < 170000:
        pytest.skip("needs PostgreSQL 17")
    conn.execute("CREATE TABLE t (); REVOKE MAINTAIN ON t FROM CURRENT_USER")
    assert list(read(conn).objects) == [("table", "public.t")]
    conn.execute("REVOKE SELECT ON t FROM CURRENT_USER")
    assert "REVOKE SELECT ON TABLE public.t FROM CURRENT_ROLE;" in render(read(conn))
