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
CREATE VIEW app.s AS SELECT 1 AS a; CREATE TYPE app.span AS RANGE (subtype = date); CREATE TYPE app.based;
CREATE TABLE app.k (a integer PRIMARY KEY CONSTRAINT c CHECK (a > 0)); CREATE TABLE app.l () INHERITS (app.k);
CREATE TABLE app.p (a integer REFERENCES app.k) PARTITION BY LIST (a); CREATE TABLE app.p1 PARTITION OF app.p DEFAULT;
CREATE TRIGGER r AFTER INSERT ON app.p FOR EACH ROW EXECUTE FUNCTION app.tf();
CREATE CONSTRAINT TRIGGER ct AFTER INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.tf();
CREATE TRUSTED LANGUAGE mine HANDLER plpgsql_call_handler; CREATE ACCESS METHOD like_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE FUNCTION pg_catalog.theirs() RETURNS integer LANGUAGE sql AS 'SELECT 1';
SELECT lo_create(4710); GRANT SELECT ON LARGE OBJECT 4710 TO catalog_reader, catalog_writer;
GRANT EXECUTE ON FUNCTION pg_sleep(double precision) TO catalog_reader, catalog_writer;
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
    "COMMENT ON TYPE app.t IS 'x'",
    "COMMENT ON TYPE app.span_multirange IS 'x'",
    "REVOKE USAGE ON TYPE app.t FROM PUBLIC",
    "COMMENT ON RULE \"_RETURN\" ON app.s IS 'x'",
    "COMMENT ON CONSTRAINT ct ON app.t IS 'x'",
    "COMMENT ON CONSTRAINT c ON app.l IS 'x'",
    "COMMENT ON CONSTRAINT p_a_fkey ON app.p1 IS 'x'",
    "COMMENT ON TRIGGER r ON app.p1 IS 'x'",
    "COMMENT ON CONVERSION app.v IS 'x'",
    "ALTER CONVERSION app.v OWNER TO catalog_writer",
    "COMMENT ON LANGUAGE mine IS 'x'",
    "ALTER LANGUAGE mine OWNER TO catalog_writer",
    "REVOKE USAGE ON LANGUAGE mine FROM PUBLIC",
    "DROP LANGUAGE mine; CREATE TRUSTED LANGUAGE mine HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler",
    "COMMENT ON ACCESS METHOD like_heap IS 'x'",
    "COMMENT ON TYPE app.based IS 'x'",
    "ALTER TYPE app.based OWNER TO catalog_writer",
    "CREATE OR REPLACE FUNCTION pg_catalog.theirs() RETURNS integer LANGUAGE sql AS 'SELECT 2'",
    "COMMENT ON SCHEMA public IS NULL",
    "GRANT ALL ON SCHEMA public TO CURRENT_USER WITH GRANT OPTION",
    "DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE app.p ENABLE ALWAYS TRIGGER %I', tgname) FROM pg_trigger WHERE tgrelid = 'app.p'::regclass AND tgisinternal LIMIT 1); END $$",
    "CREATE ROLE catalog_super SUPERUSER; DROP EXTENSION pg_trgm; SET ROLE catalog_super; CREATE EXTENSION pg_trgm VERSION '1.5'; RESET ROLE",
]
NEWER = [
    (150000, "ALTER PUBLICATION p SET TABLE app.t WHERE (a > 5)"),
    (150000, "ALTER PUBLICATION p SET TABLE app.t (a)"),
    (150000, "ALTER PUBLICATION p ADD TABLES IN SCHEMA app"),
    (150000, "REVOKE CREATE ON SCHEMA public FROM pg_database_owner"),
    (170000, "REVOKE MAINTAIN ON app.t FROM CURRENT_USER"),
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
    # in another order than before
    "REVOKE SELECT ON LARGE OBJECT 4710 FROM catalog_reader; GRANT SELECT ON LARGE OBJECT 4710 TO catalog_reader",
    "REVOKE EXECUTE ON FUNCTION pg_sleep(float8) FROM catalog_reader; GRANT EXECUTE ON FUNCTION pg_sleep(float8) TO catalog_reader",
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


def test_a_multirange_that_is_given_away_alone_is_seen(
    conn: psycopg.Connection[tuple[object, ...]],
) -> None:
    if conn.info.server_version >= 180000:
        pytest.skip("PostgreSQL 18 refuses it")
    conn.execute("ALTER TYPE app.span_multirange OWNER TO catalog_writer")
    found = with_all_beyond(read(conn, other_owners=True), conn).objects
    assert found["owner", "of multirange app.span_multirange"].sql == "catalog_writer"


@pytest.mark.parametrize(
    "change",
    [
        "COMMENT ON SUBSCRIPTION s IS 'x'",
        "ALTER SUBSCRIPTION s SET (synchronous_commit = remote_apply)",
        "ALTER SUBSCRIPTION s SET (disable_on_error = true)",
        "ALTER SUBSCRIPTION s SET (slot_name = other)",
    ],
)
def test_a_change_of_a_subscription_is_seen(
    change: str, conn: psycopg.Connection[tuple[object, ...]]
) -> None:
    """It is made and taken back with the change: a database with one is not easily dropped."""
    if "disable_on_error" in change and conn.info.server_version < 150000:
        pytest.skip("needs PostgreSQL 15")
    conn.execute(
        "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION p"
        " WITH (connect = false, slot_name = NONE)"
    )
    before = with_all_beyond(read(conn, other_owners=True), conn)
    conn.execute(change.encode())
    found = diff(before, with_all_beyond(read(conn, other_owners=True), conn))
    assert [str(difference) for difference in found] == ["changed subscription s"]


@pytest.mark.parametrize("again", AGAIN)
def test_what_is_made_again_is_the_same(again: str, conn: psycopg.Connection[tuple[object, ...]]) -> None:
    before = with_all_beyond(read(conn, other_owners=True), conn)
    conn.execute(again.encode())
    found = diff(before, with_all_beyond(read(conn, other_owners=True), conn))
    assert [(str(d), d.expected_sql, d.actual_sql) for d in found] == []
