"""What no snapshot describes is compared all the same when a migration is rehearsed."""

# ruff: noqa: E501 -- statements read best on one line

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from runner.review.verify import with_all_beyond
from runner.schema.catalog.differences import diff
from runner.schema.catalog.read import read
from tests.db.catalog.conftest import empty_database, make_roles

BEFORE = """
CREATE EXTENSION pg_trgm VERSION '1.5'; CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('sad', 'ok');
CREATE TABLE app.t (a integer, b text); CREATE INDEX t_a ON app.t (a); CREATE MATERIALIZED VIEW app.m AS SELECT 1 AS a;
CREATE FUNCTION app.f(app.mood) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION app.eq(app.mood, app.mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION app.tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER r BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.tf();
CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'a');
CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (u 'v');
CREATE TEXT SEARCH DICTIONARY app.d (TEMPLATE = simple, stopwords = english); CREATE TEXT SEARCH CONFIGURATION app.c (COPY = simple);
CREATE COLLATION app.l (provider = libc, locale = 'C'); CREATE CAST (app.mood AS integer) WITH FUNCTION app.f(app.mood);
CREATE OPERATOR app.=== (LEFTARG = app.mood, RIGHTARG = app.mood, FUNCTION = app.eq);
CREATE OPERATOR FAMILY app.o USING btree; CREATE PUBLICATION p FOR TABLE app.t; SELECT lo_create(4711);
CREATE CONVERSION app.v FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
"""
CHANGES = [
    "ALTER EXTENSION pg_trgm UPDATE TO '1.6'",
    "COMMENT ON EXTENSION pg_trgm IS 'x'",
    "GRANT EXECUTE ON FUNCTION public.similarity(text, text) TO catalog_reader",
    "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC",
    "GRANT SELECT ON pg_catalog.pg_authid TO catalog_reader",
    "GRANT SELECT (rolpassword) ON pg_catalog.pg_authid TO catalog_reader",
    "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
    "ALTER FUNCTION app.f(app.mood) DEPENDS ON EXTENSION pg_trgm",
    "ALTER INDEX app.t_a DEPENDS ON EXTENSION pg_trgm",
    "ALTER TRIGGER r ON app.t DEPENDS ON EXTENSION pg_trgm",
    "ALTER MATERIALIZED VIEW app.m DEPENDS ON EXTENSION pg_trgm",
    "ALTER SCHEMA public OWNER TO catalog_writer",
    "SELECT lo_create(4712)",
    "GRANT SELECT ON LARGE OBJECT 4711 TO catalog_reader",
    "ALTER LARGE OBJECT 4711 OWNER TO catalog_writer",
    "COMMENT ON LARGE OBJECT 4711 IS 'x'",
    "ALTER TEXT SEARCH DICTIONARY app.d (stopwords = german)",
    "COMMENT ON TEXT SEARCH CONFIGURATION app.c IS 'x'",
    "ALTER USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (SET u 'w')",
    "GRANT USAGE ON FOREIGN SERVER s TO catalog_reader",
    "ALTER FOREIGN DATA WRAPPER w OPTIONS (z 'z')",
    "COMMENT ON CAST (app.mood AS integer) IS 'x'",
    "DROP CAST (app.mood AS integer); CREATE CAST (app.mood AS integer) WITH FUNCTION app.f(app.mood) AS IMPLICIT",
    "ALTER OPERATOR app.=== (app.mood, app.mood) SET (RESTRICT = eqsel)",
    "ALTER OPERATOR FAMILY app.o USING btree OWNER TO catalog_writer",
    "ALTER OPERATOR FAMILY app.o USING btree ADD OPERATOR 1 <(integer, bigint)",
    "ALTER PUBLICATION p SET (publish_via_partition_root = true)",
    "ALTER COLLATION app.l OWNER TO catalog_writer",
    "COMMENT ON COLLATION app.l IS 'x'",
    "ALTER CONVERSION app.v RENAME TO w",
    "CREATE ACCESS METHOD catalog_heap TYPE TABLE HANDLER heap_tableam_handler",
    "COMMENT ON FUNCTION pg_catalog.now() IS 'x'",
    "COMMENT ON LANGUAGE plpgsql IS NULL",
    "COMMENT ON FUNCTION public.similarity(text, text) IS 'x'",
    "ALTER FUNCTION pg_catalog.lower(text) COST 7",
    "ALTER FUNCTION pg_catalog.lower(text) OWNER TO catalog_writer",
    "ALTER FUNCTION public.similarity(text, text) COST 7",
    "CREATE OR REPLACE FUNCTION public.show_limit() RETURNS real LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'drandom'",
    "ALTER TEXT SEARCH CONFIGURATION pg_catalog.english ALTER MAPPING FOR asciiword WITH simple",
    "ALTER TEXT SEARCH DICTIONARY pg_catalog.simple (Accept = false)",
    "ALTER SCHEMA information_schema OWNER TO catalog_writer",
    'ALTER COLLATION pg_catalog."C" OWNER TO catalog_writer',
    "ALTER LANGUAGE plpgsql OWNER TO catalog_writer",
    "ALTER TYPE public.gtrgm OWNER TO catalog_writer",
    "ALTER OPERATOR public.% (text, text) SET (RESTRICT = contsel, JOIN = NONE)",
    "CREATE OR REPLACE VIEW information_schema.enabled_roles AS SELECT 'x'::information_schema.sql_identifier AS role_name",
    "CREATE ROLE catalog_super SUPERUSER; DROP EXTENSION pg_trgm; SET ROLE catalog_super; CREATE EXTENSION pg_trgm VERSION '1.5'; RESET ROLE",
]
NEWER = [
    (150000, "ALTER PUBLICATION p SET TABLE app.t WHERE (a > 5)"),
    (150000, "ALTER PUBLICATION p SET TABLE app.t (a)"),
    (150000, "ALTER PUBLICATION p ADD TABLES IN SCHEMA app"),
]
# Made again, these have other oids, and are the same.
AGAIN = [
    "DROP COLLATION app.l; CREATE COLLATION app.l (provider = libc, locale = 'C')",
    "DROP OPERATOR app.=== (app.mood, app.mood); CREATE OPERATOR app.=== (LEFTARG = app.mood, RIGHTARG = app.mood, FUNCTION = app.eq)",
    "DROP USER MAPPING FOR CURRENT_USER SERVER s; CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (u 'v')",
    "DROP SERVER s CASCADE; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'a'); CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (u 'v')",
    "DROP CAST (app.mood AS integer); CREATE CAST (app.mood AS integer) WITH FUNCTION app.f(app.mood)",
    "DROP TEXT SEARCH CONFIGURATION app.c; CREATE TEXT SEARCH CONFIGURATION app.c (COPY = simple)",
    "DROP PUBLICATION p; CREATE PUBLICATION p FOR TABLE app.t",
    "GRANT USAGE ON FOREIGN SERVER s TO catalog_reader; REVOKE USAGE ON FOREIGN SERVER s FROM catalog_reader",
    "GRANT SELECT ON LARGE OBJECT 4711 TO catalog_reader; REVOKE SELECT ON LARGE OBJECT 4711 FROM catalog_reader",
    "DROP EXTENSION pg_trgm; CREATE EXTENSION pg_trgm VERSION '1.5'",
]


@pytest.fixture(scope="module")
def connection(server: dict[str, str]) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    make_roles(server)
    with empty_database(server) as parameters, psycopg.connect(**parameters) as conn:
        conn.execute(BEFORE)
        conn.commit()
        yield conn


@pytest.fixture
def conn(
    connection: psycopg.Connection[tuple[object, ...]],
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection on which each test changes something, which is then taken back."""
    yield connection
    connection.rollback()


@pytest.mark.parametrize(
    ("since", "change"), [*((140000, change) for change in CHANGES), *NEWER], ids=lambda value: str(value)
)
def test_a_change_of_what_is_not_described_is_seen(
    since: int, change: str, conn: psycopg.Connection[tuple[object, ...]]
) -> None:
    if conn.info.server_version < since:
        pytest.skip(f"needs PostgreSQL {since // 10000}")
    before = with_all_beyond(read(conn, other_owners=True), conn)
    conn.execute(change.encode())
    assert diff(before, with_all_beyond(read(conn, other_owners=True), conn)) != []


@pytest.mark.parametrize("again", AGAIN)
def test_what_is_made_again_is_the_same(again: str, conn: psycopg.Connection[tuple[object, ...]]) -> None:
    before = with_all_beyond(read(conn, other_owners=True), conn)
    conn.execute(again.encode())
    found = diff(before, with_all_beyond(read(conn, other_owners=True), conn))
    assert [(str(d), d.expected_sql, d.actual_sql) for d in found] == []
