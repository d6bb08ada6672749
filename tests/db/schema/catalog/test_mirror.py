"""A mirror gives after every change what a whole reading gives, having read only what the change touched."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from runner.files.sqltext.lexer import statements
from runner.schema.catalog.differences import diff
from runner.schema.catalog.incremental import Mirror
from runner.schema.catalog.read import read as read_catalog
from tests.db.schema.catalog.conftest import HERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Parameters = dict[str, str]
PROJECT = Path(__file__).parents[4]

# Each changes what is written of something whose own rows stay as they are, or takes a part away without a trace in the
# row of the whole.
CHANGES = """
ALTER TABLE public.users RENAME COLUMN name TO called;
ALTER TABLE public.users RENAME TO people;
ALTER TYPE app.mood RENAME TO temper;
ALTER TYPE app.temper ADD VALUE 'calm';
ALTER TYPE app.temper RENAME VALUE 'happy' TO 'glad';
ALTER DOMAIN app.email RENAME TO mail;
ALTER DOMAIN app.mail ADD CONSTRAINT short CHECK (length(VALUE) < 200) NOT VALID;
ALTER TYPE app.address ADD ATTRIBUTE country text CASCADE;
ALTER FUNCTION app.user_count() RENAME TO people_count;
ALTER FUNCTION app.touch() RENAME TO touched;
CREATE OR REPLACE FUNCTION app.is_word(text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN $1 ~ '^[a-z]+$';
DROP INDEX public.idx_users_role;
ALTER INDEX app.events_user RENAME TO events_person;
CREATE INDEX ON app.events (region);
DROP POLICY listed ON app.lists;
DROP TRIGGER listed ON app.lists;
DROP STATISTICS app.lists_expr;
COMMENT ON TABLE public.people IS NULL;
COMMENT ON TABLE public.people IS 'who';
COMMENT ON COLUMN public.people.role IS 'what they may do';
COMMENT ON COLUMN public.people.role IS NULL;
COMMENT ON INDEX app.base_id IS 'by id';
COMMENT ON INDEX app.base_id IS NULL;
COMMENT ON SCHEMA app IS 'all of it';
ALTER TABLE public.people ALTER COLUMN role DROP DEFAULT;
ALTER TABLE public.people ADD COLUMN score integer NOT NULL DEFAULT 7, DROP COLUMN doc CASCADE;
ALTER TABLE app.b ADD CONSTRAINT positive_id CHECK (id > 0);
ALTER TABLE app.b DROP CONSTRAINT positive_id;
ALTER TABLE app.b SET (toast.autovacuum_enabled = off);
ALTER TABLE app.b REPLICA IDENTITY FULL;
ALTER TABLE app.b CLUSTER ON b_pair;
ALTER TABLE app.b SET WITHOUT CLUSTER;
ALTER TABLE app.base RENAME TO basis;
ALTER TABLE app.child NO INHERIT app.basis;
ALTER TABLE app.events DETACH PARTITION app.events_old;
ALTER TABLE app.events_2024 DETACH PARTITION app.events_2024_eu;
ALTER TABLE app.hashed RENAME COLUMN note TO remark;
CREATE SEQUENCE app.loose;
ALTER TABLE app.no_columns ADD COLUMN n integer;
ALTER SEQUENCE app.loose OWNED BY app.no_columns.n;
ALTER TABLE app.no_columns ALTER COLUMN n SET DEFAULT nextval('app.loose');
ALTER TABLE app.no_columns ALTER COLUMN n SET NOT NULL;
ALTER SEQUENCE app.loose INCREMENT BY 5;
ALTER SEQUENCE app.loose OWNED BY NONE;
REVOKE ALL ON public.people FROM catalog_writer;
GRANT UPDATE (role) ON public.people TO catalog_reader;
GRANT EXECUTE ON FUNCTION app.add(integer, integer) TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO catalog_reader;
CREATE RULE quiet AS ON DELETE TO app.b DO INSTEAD NOTHING;
DROP RULE quiet ON app.b;
CREATE TABLE app.referring (a_id integer REFERENCES app.a);
ALTER TABLE app.a RENAME COLUMN id TO key;
DROP TABLE app.referring;
CREATE TABLE app.referring (a_id integer REFERENCES app.a, temper app.temper, mail app.mail);
DROP VIEW app.unioned;
ALTER SCHEMA app RENAME TO application;
ALTER TABLE application.b OWNER TO catalog_writer;
ALTER TABLE application.b OWNER TO CURRENT_USER;
ALTER FUNCTION application.touched() OWNER TO catalog_writer;
ALTER SCHEMA application OWNER TO catalog_writer;
ALTER TYPE application.temper OWNER TO catalog_writer;
REASSIGN OWNED BY catalog_writer TO CURRENT_USER;
ALTER TABLE application.referring DISABLE TRIGGER ALL;
ALTER TABLE application.referring ENABLE TRIGGER ALL;
ALTER TABLE application.a DISABLE TRIGGER ALL;
CREATE TABLE application.keyed (id integer PRIMARY KEY, at date UNIQUE DEFERRABLE);
CREATE TABLE application.split (keyed_id integer REFERENCES application.keyed) PARTITION BY RANGE (keyed_id);
CREATE TABLE application.split_1 PARTITION OF application.split FOR VALUES FROM (1) TO (9);
ALTER TABLE application.split_1 DISABLE TRIGGER ALL;
ALTER TABLE application.keyed DISABLE TRIGGER ALL;
ALTER TABLE application.split_1 ENABLE TRIGGER ALL;
ALTER TYPE application.address RENAME ATTRIBUTE country TO land CASCADE;
ALTER FUNCTION application.touched() DEPENDS ON EXTENSION pgcrypto;
CREATE TABLE application.made AS SELECT 1 AS one;
DO $$ BEGIN EXECUTE 'ALTER TABLE application.made ADD COLUMN two text'; END $$;
DO $$ BEGIN BEGIN DROP TABLE application.made; RAISE 'no';
EXCEPTION WHEN OTHERS THEN ALTER TABLE application.made ADD three int; END; END $$;
ALTER TABLE application.made ALTER one SET STORAGE PLAIN;
ALTER TABLE application.made FORCE ROW LEVEL SECURITY;
ALTER TABLE application.made SET UNLOGGED;
ALTER TABLE application.made SET SCHEMA public;
ALTER EXTENSION pgcrypto SET SCHEMA application;
ALTER EXTENSION pgcrypto DROP FUNCTION application.digest(text, text);
ALTER EXTENSION pgcrypto ADD TABLE public.made;
ALTER COLLATION application.bytes RENAME TO by_bytes;
ALTER FUNCTION application.mood_to_int(application.temper) RENAME TO level;
ALTER OPERATOR FAMILY application.pairs USING btree DROP OPERATOR 3 (application.pair, integer);
ALTER TEXT SEARCH CONFIGURATION application.both ALTER MAPPING REPLACE application.few WITH simple;
ALTER TEXT SEARCH CONFIGURATION application.both DROP MAPPING FOR email;
ALTER SERVER other OPTIONS (SET host 'y');
ALTER FOREIGN TABLE application.far OPTIONS (SET fetch '20');
ALTER FOREIGN TABLE application.far ALTER COLUMN id OPTIONS (SET key 'false');
ALTER SERVER other RENAME TO another;
DROP USER MAPPING FOR PUBLIC SERVER another;
ALTER PUBLICATION part_of_it DROP TABLE application.b;
ALTER PUBLICATION part_of_it ADD TABLE application.a;
ALTER TABLE application.a RENAME TO aa;
ALTER PUBLICATION part_of_it SET (publish = 'update');
DROP TABLE application.aa CASCADE;
DROP SCHEMA ext CASCADE;
"""


@pytest.fixture
def whole(empty) -> Iterator[tuple[Parameters, Mirror]]:
    parameters: Parameters = empty()
    with closing(psycopg.connect(**parameters, autocommit=True)) as conn:
        yield parameters, Mirror(conn)


def _follow(parameters: Parameters, mirror: Mirror, changes: str, check: Callable[[int], bool]) -> int:
    """Run one statement after the other, and compare where `check` says so; return how many times."""
    compared = 0
    with (
        closing(psycopg.connect(**parameters, autocommit=True)) as conn,
        closing(psycopg.connect(**parameters, autocommit=True)) as reading,
    ):
        for number, statement in enumerate(statements([changes])):
            conn.execute(statement.text)
            if check(number):
                compared += 1
                expected, found = read_catalog(reading, other_owners=True), mirror.read()
                if found != expected:
                    differences = ", ".join(map(str, diff(expected, found)))
                    pytest.fail(f"after {statement.text}: {differences}")
    return compared


def test_it_follows_a_schema_of_every_kind_of_object_as_it_grows(whole):
    parameters, mirror = whole
    compared = _follow(parameters, mirror, (HERE / "everything.sql").read_text("utf-8"), lambda n: n % 6 == 0)
    assert compared > 30


def test_it_follows_each_change_of_such_a_schema(whole):
    parameters, mirror = whole
    with closing(psycopg.connect(**parameters, autocommit=True)) as conn:
        conn.execute((HERE / "everything.sql").read_bytes())
    mirror.read()
    assert _follow(parameters, mirror, CHANGES, lambda _: True) == len(list(statements([CHANGES])))


def test_two_changes_that_swap_their_versions_are_seen(whole):
    parameters, mirror = whole
    columns = ", ".join(f"c{n} integer" for n in range(1, 17))
    with closing(psycopg.connect(**parameters, autocommit=True)) as conn:
        for n in range(40):
            conn.execute(f"CREATE TABLE t{n} ({columns})")
            mirror.read()
            conn.execute(f"ALTER TABLE t{n} DROP COLUMN c2, DROP COLUMN c5")
            assert mirror.read() == read_catalog(conn, other_owners=True)


def test_what_has_not_changed_is_not_read_again(whole):
    parameters, mirror = whole
    with closing(psycopg.connect(**parameters, autocommit=True)) as conn:
        conn.execute("CREATE TABLE a (id integer); CREATE TABLE b (id integer)")
        before = mirror.read().objects
        conn.execute("ALTER TABLE a ADD COLUMN note text")
        after = mirror.read().objects
    assert after["table", "public.b"] is before["table", "public.b"]
    assert after["table", "public.a"] != before["table", "public.a"]
