"""The server itself: how many statements it runs, where it finds an error, what it refuses in a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.engine.apply.wire import StatementError, execute
from runner.files.sqltext.classify import runs_outside_transactions
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.tokens import SqlSyntaxError
from tests.unit.files import sql_texts
from tests.unit.files.sql_texts import files, gaps

Session = psycopg.Connection[Any]
one_session = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

_values = st.one_of(
    sql_texts.strings,
    sql_texts.escape_strings,
    sql_texts.continued_strings,
    sql_texts.dollar_strings,
    sql_texts.coded_strings,
    sql_texts.bit_strings,
    st.sampled_from(
        ["1 AS a$b$", "1, $$;$$", "1 end", "1 AS case", "1 \u00a0", "'a'\"b;\"", "2 -- ;\n - 1", "3*/* ; */2"]
    ),
)
_bodies = st.lists(_values.map(lambda value: f"SELECT {value};"), max_size=3).map("".join)
_statements = st.one_of(
    _values.map(lambda value: f"SELECT {value}"),
    _values.map(lambda value: f"select/**/{value}"),
    _bodies.map(
        lambda body: (
            f"CREATE FUNCTION pg_temp.f() RETURNS void LANGUAGE sql BEGIN ATOMIC {body} END;DROP FUNCTION pg_temp.f()"
        )
    ),
    st.builds(
        lambda value, gap: (
            f"CREATE RULE r AS ON INSERT TO t DO ALSO ({gap};SELECT {value};{gap}; DELETE FROM t);DROP RULE r ON t"
        ),
        _values,
        gaps,
    ),
    st.sampled_from(
        ["DO $$ BEGIN /* ; */ NULL; END $$", "(SELECT 1)", "VALUES (';')", "COMMENT ON TABLE t IS E'\\';'"]
    ),
)


@pytest.fixture
def session(database: dict[str, str]) -> Iterator[Session]:
    with psycopg.connect(**database, autocommit=True) as conn:
        conn.execute("CREATE TABLE t (a int)")
        yield conn


@one_session
@given(text=files(_statements))
def test_the_server_runs_as_many_statements_as_are_found(session, text):
    results = execute(session, text.encode())
    assert len([tag for tag in results if tag]) == len(list(statements([text])))


@one_session
@given(
    before=files(_statements),
    wrong=st.builds(
        lambda value, gap: f"SELECT ({value}{gap} FROM",
        st.one_of(sql_texts.strings, sql_texts.escape_strings, sql_texts.dollar_strings),
        gaps,
    ),
    after=files(_statements),
)
def test_the_server_finds_an_error_within_the_statement_that_holds_it(session, before, wrong, after):
    text = f"{before};{wrong};{after}"
    with pytest.raises(StatementError) as caught:
        execute(session, text.encode())
    position = int(caught.value.error.diag.statement_position or 0) - 1
    held = [s for s in statements([text]) if s.start <= position][-1]
    assert held.start == len(before) + 1
    assert caught.value.error.sqlstate == "42601"


@one_session
@given(
    before=files(_statements),
    opened=st.sampled_from(["'a;", "E'\\';", "e'a' --'\n'\\'", '"a;', "$x$ $$;", "/* /* */;"]),
)
def test_what_is_left_open_is_placed_where_the_server_places_it(session, before, opened):
    text = f"{before};{opened}"
    with pytest.raises(StatementError) as refused:
        execute(session, text.encode())
    with pytest.raises(SqlSyntaxError) as caught:
        list(statements([text]))
    assert caught.value.offset == int(refused.value.error.diag.statement_position or 0) - 1 == len(before) + 1


COMMANDS = """
VACUUM; VACUUM (FULL, VERBOSE) t; CREATE DATABASE x; DROP DATABASE IF EXISTS x; ALTER DATABASE postgres SET TABLESPACE x;
ALTER DATABASE postgres SET work_mem = '4MB'; CREATE TABLESPACE x LOCATION '/x'; DROP TABLESPACE x; ALTER SYSTEM SET work_mem = '4MB';
ALTER SYSTEM RESET ALL; DISCARD ALL; DISCARD PLANS; DISCARD TEMP; COMMIT PREPARED 'x'; ROLLBACK PREPARED 'x';
CREATE INDEX ON t (a); CREATE INDEX CONCURRENTLY ON t (a); CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON public.t (a);
DROP INDEX i; DROP INDEX CONCURRENTLY i; DROP INDEX CONCURRENTLY IF EXISTS x;
REINDEX INDEX i; REINDEX TABLE t; REINDEX TABLE CONCURRENTLY t; REINDEX (VERBOSE, CONCURRENTLY) INDEX i;
REINDEX (CONCURRENTLY false) TABLE t; REINDEX (CONCURRENTLY) TABLE t; REINDEX TABLE parted; REINDEX SCHEMA public;
REINDEX DATABASE postgres; REINDEX SYSTEM postgres; REINDEX (VERBOSE) SCHEMA public; CLUSTER; CLUSTER t USING i; CLUSTER parted USING pi;
ALTER TABLE parted DETACH PARTITION part; ALTER TABLE parted DETACH PARTITION part CONCURRENTLY;
ALTER TABLE ONLY public.parted DETACH PARTITION public.part CONCURRENTLY; ALTER TABLE parted DETACH PARTITION part FINALIZE;
ALTER TABLE t ADD CHECK (concurrently(a)); ALTER TABLE t RENAME a TO b; CREATE INDEX k ON t (concurrently(a));
REFRESH MATERIALIZED VIEW CONCURRENTLY v; REFRESH MATERIALIZED VIEW v; ALTER TYPE e ADD VALUE 'b'; ANALYZE; CHECKPOINT;
CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p; CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p WITH (connect = false);
DROP SUBSCRIPTION IF EXISTS s; PREPARE vacuum AS SELECT 1; CREATE TABLE vacuum (a int); EXPLAIN ANALYZE SELECT 1; TRUNCATE t; LOCK TABLE t;
SET TRANSACTION READ ONLY; CREATE SCHEMA database; DROP OWNED BY CURRENT_USER; NOTIFY vacuum; COMMENT ON TABLE t IS 'VACUUM';
DROP TABLE IF EXISTS "concurrently"; CREATE PUBLICATION p; DO $$ BEGIN PERFORM 1; END $$
"""
# a run finds these out from the server (apply.unit); whether it refuses them depends on more than their words
LEFT_TO_THE_SERVER = {
    "ALTER DATABASE postgres SET TABLESPACE x",
    "CLUSTER",
    "CLUSTER parted USING pi",
    "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p",
    "REINDEX TABLE parted",
}


def test_what_the_server_refuses_in_a_transaction_is_known_or_left_to_it(session):
    session.execute("""
        CREATE INDEX i ON t (a); CREATE TYPE e AS ENUM ('a'); CREATE MATERIALIZED VIEW v AS SELECT 1 AS a;
        CREATE UNIQUE INDEX ON v (a); CREATE FUNCTION concurrently(int) RETURNS boolean IMMUTABLE RETURN $1 > 0;
        CREATE TABLE parted (a int) PARTITION BY LIST (a); CREATE INDEX pi ON parted (a);
        CREATE TABLE part PARTITION OF parted FOR VALUES IN (1)""")
    commands = list(statements([COMMANDS]))
    refused = {command.text for command in commands if _is_refused(session, command.text)}
    claimed = {command.text for command in commands if runs_outside_transactions(command)}
    assert claimed - refused == set()
    assert refused - claimed <= LEFT_TO_THE_SERVER
    assert len(claimed) > 20


def _is_refused(session: Session, command: str) -> bool:
    session.execute("BEGIN")
    try:
        session.execute(command.encode())
    except psycopg.Error as error:
        return error.sqlstate == "25001"
    finally:
        session.execute("ROLLBACK")
    return False
