"""Nothing that PostgreSQL keeps of a schema is passed over: it is described, or named as not compared."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from runner.schema.catalog.differences import compare_text
from runner.schema.catalog.read import read, undescribed
from runner.schema.catalog.render import render
from tests.db.schema.catalog.conftest import HERE, empty_database, run

if TYPE_CHECKING:
    from collections.abc import Iterator

Parameters = dict[str, str]
Connection = psycopg.Connection[Any]

# Each described catalog with the kind of what it holds; each of them is in everything.sql.
DESCRIBED = {
    "pg_amop": "operator class",
    "pg_amproc": "operator class",
    "pg_attrdef": "table",
    "pg_cast": "cast",
    "pg_class": "table",
    "pg_collation": "collation",
    "pg_constraint": "constraint",
    "pg_default_acl": "default privileges",
    "pg_enum": "type",
    "pg_event_trigger": "event trigger",
    "pg_extension": "extension",
    "pg_foreign_data_wrapper": "foreign data wrapper",
    "pg_foreign_server": "server",
    "pg_namespace": "schema",
    "pg_opclass": "operator class",
    "pg_operator": "operator",
    "pg_opfamily": "operator family",
    "pg_policy": "policy",
    "pg_proc": "function",
    "pg_publication": "publication",
    "pg_publication_namespace": "publication schema",
    "pg_publication_rel": "publication table",
    "pg_rewrite": "view",
    "pg_statistic_ext": "statistics",
    "pg_trigger": "trigger",
    "pg_ts_config": "text search configuration",
    "pg_ts_dict": "text search dictionary",
    "pg_ts_parser": "text search parser",
    "pg_ts_template": "text search template",
    "pg_type": "domain",
    "pg_user_mapping": "user mapping",
}
# Each named catalog, and what else is named, with a statement that makes one and the line that names it.
NAMED = {
    "pg_am": (
        "CREATE ACCESS METHOD like_heap TYPE TABLE HANDLER heap_tableam_handler",
        "access method like_heap",
    ),
    "pg_conversion": (
        "CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "conversion public.c",
    ),
    "pg_database": ("ALTER DATABASE {} CONNECTION LIMIT 7", "database property CONNECTION LIMIT"),
    "pg_language": ("CREATE LANGUAGE mine HANDLER plpgsql_call_handler", "language mine"),
    "pg_largeobject_metadata": ("SELECT lo_create(0), lo_create(0)", "large objects 2"),
    "pg_subscription": (
        "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION p WITH (connect = false)",
        "subscription s",
    ),
    "pg_transform": (
        "CREATE TRANSFORM FOR point LANGUAGE plpgsql (FROM SQL WITH FUNCTION varchar_support(internal))",
        "transform for point language plpgsql",
    ),
    "a base type": ("CREATE TYPE based", "base type public.based"),
    "a setting of the database": (
        "ALTER DATABASE {} SET app.password = 'hush-hush'",
        "database setting app.password",
    ),
    "rights on the database": ("GRANT CREATE ON DATABASE {} TO catalog_reader", "rights on the database"),
    "a comment on the database": ("COMMENT ON DATABASE {} IS 'x'", "comment on the database"),
    "the owner of public": ("ALTER SCHEMA public OWNER TO catalog_reader", "owner of schema public"),
    "rights on a system function": (
        "REVOKE EXECUTE ON FUNCTION pg_sleep(float8) FROM PUBLIC",
        "rights on function pg_catalog.pg_sleep(double precision)",
    ),
    "rights on a system view": (
        "REVOKE SELECT ON pg_catalog.pg_stat_activity FROM PUBLIC",
        "rights on view pg_catalog.pg_stat_activity",
    ),
    "rights on the information schema": (
        "REVOKE SELECT ON information_schema.tables FROM PUBLIC",
        "rights on view information_schema.tables",
    ),
    "rights on a column of the server's": (
        "GRANT SELECT (rolpassword) ON pg_authid TO catalog_reader",
        "rights on table column pg_catalog.pg_authid.rolpassword",
    ),
    "rights on a language": ("REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC", "rights on language plpgsql"),
    "rights on an extension's function": (
        "REVOKE EXECUTE ON FUNCTION digest(text, text) FROM PUBLIC",
        "rights on function public.digest(pg_catalog.text,pg_catalog.text)",
    ),
    "a comment on an extension": ("COMMENT ON EXTENSION pgcrypto IS 'x'", "comment on extension pgcrypto"),
    "a dependency on an extension": (
        "ALTER FUNCTION app.touch() DEPENDS ON EXTENSION pgcrypto",
        "dependency on extension pgcrypto of function app.touch()",
    ),
    "a comment on a table's row type": (
        "COMMENT ON TYPE public.users IS 'x'",
        "comment on type public.users",
    ),
    "rights on a table's row type": (
        "REVOKE USAGE ON TYPE public.users FROM PUBLIC",
        "rights on type public.users",
    ),
    "a function among the server's": (
        "CREATE FUNCTION pg_catalog.theirs() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "function in a schema of the server pg_catalog.theirs()",
    ),
    "a member of a built-in operator family": (
        "ALTER OPERATOR FAMILY integer_ops USING btree ADD OPERATOR 3 app.=== (app.pair, integer)",
        "member of a built-in operator family operator 3 (app.pair, integer) of pg_catalog.integer_ops USING btree",
    ),
    "what a user mapping holds": (
        "CREATE USER MAPPING FOR catalog_writer SERVER plain OPTIONS (user 'u', password 'hush-hush')",
        "options of user mapping for catalog_writer server plain",
    ),
    "a server's secret": (
        "ALTER SERVER plain OPTIONS (ADD password 'hush-hush')",
        "secret option password of server plain",
    ),
}
NO_OBJECT = {
    "pg_auth_members": "roles belong to the whole server",
    "pg_authid": "roles belong to the whole server",
    "pg_parameter_acl": "rights on settings belong to the whole server",
    "pg_tablespace": "tablespaces belong to the whole server; what lies in one says so",
}


@pytest.fixture(scope="module")
def everywhere(any_server: Parameters) -> Iterator[Connection]:
    """A database with every kind of object, to change and roll back."""
    with empty_database(any_server) as parameters:
        run(parameters, (HERE / "everything.sql").read_text(encoding="utf-8"))
        with closing(psycopg.connect(**parameters)) as conn:
            yield conn


def test_every_catalog_with_an_oid_is_described_or_named_or_holds_no_object_of_a_schema(
    everywhere: Connection,
) -> None:
    found = everywhere.execute(
        "SELECT c.relname FROM pg_class AS c INNER JOIN pg_attribute AS a ON c.oid = a.attrelid"
        " WHERE a.attname = 'oid' AND c.relkind = 'r' AND c.relnamespace = 'pg_catalog'::regnamespace"
    ).fetchall()
    known = DESCRIBED.keys() | NAMED.keys() | NO_OBJECT.keys()
    assert sorted(name for (name,) in found if name not in known) == []
    kinds = {kind for kind, _ in read(everywhere).objects}
    kinds.add("publication schema")  # since PostgreSQL 15, and so in a test of its own
    assert sorted(set(DESCRIBED.values()) - kinds) == []


def test_no_secret_of_foreign_data_is_shown(everywhere: Connection) -> None:
    assert "hush-hush" not in render(read(everywhere)) + repr(undescribed(everywhere))


def _named(conn: Connection) -> set[str]:
    return {f"{item.kind} {item.identity}" for item in undescribed(conn) if not item.is_usual}


# What changes something of the kinds that pg_dump writes last, and the differences that it is.
CHANGES = {
    "ALTER COLLATION app.bytes RENAME TO by_bytes; ALTER COLLATION app.by_bytes SET SCHEMA public": [
        "changed domain app.sorted",
        "changed column public.collated.plain",
        "missing collation app.bytes",
        "unexpected collation public.by_bytes",
    ],
    "COMMENT ON COLLATION app.bytes IS NULL": ["missing comment on collation app.bytes"],
    "DROP CAST (app.address AS text[]); CREATE CAST (app.address AS text[]) WITH INOUT AS IMPLICIT": [
        "changed cast (app.address AS text[])"
    ],
    "DROP CAST (app.mood AS integer)": ["missing cast (app.mood AS integer)"],
    "ALTER OPERATOR app.=== (app.pair, integer) SET (RESTRICT = eqsel)": [
        "changed operator app.=== (app.pair, integer)"
    ],
    "DROP OPERATOR app.- (NONE, app.pair)": ["missing operator app.- (NONE, app.pair)"],
    "ALTER OPERATOR FAMILY app.pairs USING btree DROP OPERATOR 3 (app.pair, integer)": [
        "changed operator family app.pairs USING btree"
    ],
    'DROP OPERATOR CLASS app."Odd Ops" USING gin': ['missing operator class app."Odd Ops" USING gin'],
    "COMMENT ON OPERATOR CLASS app.pair_ops USING btree IS 'another'": [
        "changed comment on operator class app.pair_ops USING btree"
    ],
    "DROP TEXT SEARCH PARSER app.words CASCADE": [
        "missing text search parser app.words",
        'missing text search configuration app."both"',
        "missing index users_search on public.users",
    ],
    "DROP TEXT SEARCH TEMPLATE app.plainly CASCADE": [
        "missing text search template app.plainly",
        "missing text search dictionary app.few",
        'missing text search configuration app."both"',
        "missing index users_search on public.users",
    ],
    "ALTER TEXT SEARCH DICTIONARY app.few (stopwords = danish)": ["changed text search dictionary app.few"],
    "ALTER TEXT SEARCH CONFIGURATION app.both DROP MAPPING FOR email": [
        'changed text search configuration app."both"'
    ],
    'ALTER FOREIGN DATA WRAPPER "Odd Wrapper" OPTIONS (DROP debug)': [
        'changed foreign data wrapper "Odd Wrapper"'
    ],
    "ALTER SERVER other VERSION '2.0'": ["changed server other"],
    "ALTER SERVER other OPTIONS (SET host 'y')": ["changed server other"],
    "REVOKE USAGE ON FOREIGN SERVER other FROM catalog_reader": [
        "missing grant on foreign server other to catalog_reader"
    ],
    "DROP USER MAPPING FOR PUBLIC SERVER other": ["missing user mapping FOR PUBLIC SERVER other"],
    "DROP USER MAPPING FOR CURRENT_USER SERVER other": ["missing user mapping FOR CURRENT_USER SERVER other"],
    "ALTER FOREIGN TABLE app.far OPTIONS (SET fetch '20')": ["changed foreign table app.far"],
    "ALTER FOREIGN TABLE app.far ALTER COLUMN id OPTIONS (SET key 'false')": [
        "changed foreign column options app.far.id"
    ],
    "ALTER FOREIGN TABLE app.far ADD COLUMN more date": ["unexpected column app.far.more"],
    "REVOKE SELECT ON app.far FROM catalog_reader": ["missing grant on table app.far to catalog_reader"],
    "DROP FOREIGN TABLE app.far": ["missing foreign table app.far"],
    "ALTER PUBLICATION part_of_it SET (publish = 'update')": ["changed publication part_of_it"],
    "ALTER PUBLICATION part_of_it DROP TABLE app.b": ["missing publication table app.b in part_of_it"],
    "DROP PUBLICATION part_of_it": ["missing publication part_of_it"],
    "ALTER TABLE app.mat REPLICA IDENTITY FULL": ["unexpected replica identity of app.mat"],
}


def test_a_change_of_each_kind_is_one_difference_with_its_own_name(everywhere: Connection) -> None:
    expected = render(read(everywhere))
    for statement, lines in CHANGES.items():
        with everywhere.transaction(force_rollback=True):
            everywhere.execute(statement.encode())
            found = compare_text(expected, read(everywhere))
        assert [str(difference) for difference in found] == lines, statement


@pytest.mark.parametrize("what", NAMED)
def test_what_is_not_described_is_named_and_seen_by_verify(everywhere: Connection, what: str) -> None:
    statement, line = NAMED[what]
    assert line not in _named(everywhere)
    with everywhere.transaction(force_rollback=True):
        everywhere.execute(statement.replace("{}", str(everywhere.info.dbname)).encode())
        assert line in _named(everywhere)
        assert "hush-hush" not in repr(undescribed(everywhere))
