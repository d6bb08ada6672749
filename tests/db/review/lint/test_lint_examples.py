"""The examples of lint's rules are real: PostgreSQL runs each of them, and refuses where the rule says so."""

from __future__ import annotations

from contextlib import nullcontext

import psycopg
import pytest

from runner.files.sqltext.leading_comment import leading_directives
from runner.files.sqltext.lexer import statements
from runner.review.lint import RULES
from runner.review.lint.rules import MEASURED
from tests.unit.review.lint.conftest import files_of

TABLES = """
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('calm', 'merry');
CREATE DOMAIN app.percentage AS int;
CREATE TABLE app.customers (id bigint PRIMARY KEY, name text);
CREATE TABLE app.orders (id bigint PRIMARY KEY, customer_id bigint, total numeric DEFAULT 1, count int, code text,
    number int, currency text, discount int, placed_at timestamptz, mood app.mood);
CREATE TABLE orders (id int);
CREATE UNIQUE INDEX orders_number_idx ON app.orders (number);
INSERT INTO app.customers VALUES (1, 'a');
INSERT INTO app.orders (id, customer_id) VALUES (1, 1);
CREATE TABLE app.drafts (id int, sent_at timestamptz);
CREATE VIEW app.totals AS SELECT sum(total) AS total FROM app.orders;
CREATE VIEW app.monthly_totals AS SELECT total FROM app.totals;
CREATE TABLE app.events (day date) PARTITION BY RANGE (day);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.events_2026 (day date);
"""
# what an example needs beside these
BESIDE = {
    "refresh-not-concurrent": "DROP VIEW app.totals CASCADE;"
    "CREATE MATERIALIZED VIEW app.totals AS SELECT 1 AS total; CREATE UNIQUE INDEX ON app.totals (total);",
    **dict.fromkeys(
        ("drop-index-not-concurrent", "reindex-not-concurrent"),
        "CREATE INDEX orders_placed_at_idx ON app.orders (placed_at);",
    ),
    "grant-to-public": "CREATE ROLE reporting;",
}
READ = [rule for rule in RULES if rule not in MEASURED]  # the others have theirs in verify/test_statements.py
REFUSED = {"column-required": "23502", "enum-value-used": "55P04", "syntax": "42601"}
OF_THE_CLUSTER = {"in-doubt", "drop-database"}  # their bad examples make and drop databases


@pytest.fixture
def tables(database):
    """A connection to a database with the tables that the examples speak of; roles are undone with it."""
    with psycopg.connect(**database, autocommit=True) as conn:
        conn.execute(TABLES)
        yield conn


def run(conn: psycopg.Connection, rule, example: str) -> None:
    """Run the files as runner does; a file by itself is undone, for it may make roles."""
    beside, files = BESIDE.get(rule.id, "SELECT 1"), files_of(example)
    (first, *more) = files.values()
    if not more and not _is_alone(first):
        with conn.transaction(force_rollback=True):
            conn.execute(beside)
            _run_file(conn, first)
        return
    conn.execute(beside)
    for sql in files.values():
        with nullcontext() if _is_alone(sql) else conn.transaction():
            _run_file(conn, sql)


def _is_alone(sql: str) -> bool:
    return any(directive.name == "transactional" for directive in leading_directives(sql))


def _run_file(conn: psycopg.Connection, sql: str) -> None:
    for statement in statements([sql]):
        conn.execute(statement.text)


@pytest.mark.parametrize("rule", READ, ids=lambda r: r.id)
def test_postgresql_runs_the_examples_of_a_rule_or_refuses_as_it_says(rule, tables):
    if rule.id in REFUSED:
        with pytest.raises(psycopg.Error) as error:
            run(tables, rule, rule.bad)
        assert error.value.sqlstate == REFUSED[rule.id]
    elif rule.id not in OF_THE_CLUSTER | {"refused"}:
        run(tables, rule, rule.bad)


@pytest.mark.parametrize("rule", READ, ids=lambda r: r.id)
def test_postgresql_runs_the_safer_example(rule, tables):
    run(tables, rule, rule.good)
