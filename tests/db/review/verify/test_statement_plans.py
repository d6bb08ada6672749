"""What a change does to an application's statements, held against PostgreSQL: thirty breaks, and thirty changes that do no harm."""

from __future__ import annotations

import psycopg
import pytest

from runner.errors import Location
from runner.files.named_statements import read
from runner.review.verify.statement_breaks import breaks
from runner.review.verify.statement_plans import Planner
from tests.conftest import scratch_database

SCHEMA = """
CREATE SCHEMA app;
SET search_path = app;
CREATE TYPE mood AS ENUM ('calm', 'merry');
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE customers (id bigint PRIMARY KEY, email text UNIQUE, name varchar(40), mood mood, discount percent);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint REFERENCES customers (id), note text,
    code text, total int, placed_at timestamptz DEFAULT now(), unused text
);
CREATE INDEX orders_code_idx ON orders (code);
CREATE INDEX orders_customer_idx ON orders (customer_id);
CREATE TABLE events (day date, body jsonb) PARTITION BY RANGE (day);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX events_day_idx ON events (day);
CREATE VIEW totals AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY customer_id;
CREATE FUNCTION full_name(c customers) RETURNS text LANGUAGE sql STABLE AS 'SELECT c.name::text';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE SEQUENCE numbers;
"""
STATEMENTS = """
-- name: get_order :one
SELECT id, note, total FROM app.orders WHERE id = :id;
-- name: all_columns :many
SELECT * FROM app.customers WHERE id = :id;
-- name: by_code :many
SELECT id FROM app.orders WHERE code = :code ORDER BY placed_at LIMIT :most;
-- name: of_customer :many
SELECT o.id, c.name FROM app.orders AS o JOIN app.customers AS c ON c.id = o.customer_id WHERE c.email = :email;
-- name: add_order :exec
INSERT INTO app.orders (customer_id, code) VALUES (:customer, :code);
-- name: add_orders :exec
INSERT INTO app.orders (customer_id, code) VALUES (:a, :b), (:c, :d);
-- name: copy_orders :exec
INSERT INTO app.orders (customer_id, note) SELECT customer_id, note FROM app.orders WHERE id = :id;
-- name: register :one
INSERT INTO app.customers (id, email) VALUES (:id, :email) ON CONFLICT (email) DO UPDATE SET name = :name RETURNING id;
-- name: rename :exec
UPDATE app.customers SET name = :name WHERE id = :id;
-- name: forget :exec
DELETE FROM app.orders WHERE id = :id;
-- name: events_of :many
SELECT body FROM app.events WHERE day = :day;
-- name: totals :many
SELECT customer_id, total FROM app.totals WHERE customer_id = :id;
-- name: merry :many
SELECT id FROM app.customers WHERE mood = 'merry';
-- name: names :many
SELECT app.full_name(c) AS name FROM app.customers AS c;
-- name: number :one
SELECT nextval('app.numbers');
-- name: recent :many
SELECT id FROM app.orders WHERE placed_at > now() - interval $1;
"""
ALL = read(STATEMENTS, "statements.sql")

BROKEN = [
    ("ALTER TABLE app.orders DROP COLUMN note", "get_order", "breaks-statement"),
    ("ALTER TABLE app.orders RENAME COLUMN note TO remark", "get_order", "breaks-statement"),
    ("ALTER TABLE app.orders RENAME TO purchases", "get_order", "breaks-statement"),
    ("ALTER TABLE app.orders SET SCHEMA public", "by_code", "breaks-statement"),
    ("ALTER SCHEMA app RENAME TO shop", "by_code", "breaks-statement"),
    ("DROP VIEW app.totals", "totals", "breaks-statement"),
    ("DROP FUNCTION app.full_name", "names", "breaks-statement"),
    ("DROP SEQUENCE app.numbers", "number", "breaks-statement"),
    ("DROP TABLE app.events", "events_of", "breaks-statement"),
    ("ALTER TABLE app.customers DROP CONSTRAINT customers_email_key", "register", "breaks-statement"),
    ("ALTER TABLE app.customers DROP COLUMN mood; DROP TYPE app.mood", "merry", "breaks-statement"),
    ("ALTER TYPE app.mood RENAME VALUE 'merry' TO 'glad'", "merry", "breaks-statement"),
    ("ALTER TABLE app.orders ADD COLUMN tenant int NOT NULL", "add_order", "breaks-statement"),
    ("ALTER TABLE app.orders ALTER COLUMN note SET NOT NULL", "add_orders", "breaks-statement"),
    ("ALTER TABLE app.orders ALTER COLUMN total SET NOT NULL", "copy_orders", "breaks-statement"),
    ("ALTER TABLE app.orders ADD CHECK (note IS NOT NULL) NOT VALID", "add_order", "breaks-statement"),
    ("ALTER TABLE app.customers ALTER COLUMN name SET NOT NULL", "register", "breaks-statement"),
    ("ALTER TABLE app.orders ALTER COLUMN id DROP IDENTITY", "add_order", "breaks-statement"),
    ("ALTER TABLE app.orders ALTER COLUMN placed_at DROP DEFAULT, ALTER COLUMN placed_at SET NOT NULL", "add_order", "breaks-statement"),
    ("ALTER TABLE app.orders ALTER COLUMN code TYPE int USING NULL", "merry", None),
    ("REVOKE SELECT ON app.orders FROM PUBLIC", "get_order", "breaks-statement"),
    ("REVOKE USAGE ON SCHEMA app FROM PUBLIC", "get_order", "breaks-statement"),
    ("REVOKE UPDATE ON app.customers FROM PUBLIC", "rename", "breaks-statement"),
    ("ALTER TABLE app.customers ALTER COLUMN name TYPE text", "of_customer", "changes-result"),
    ("ALTER TABLE app.customers ALTER COLUMN name TYPE varchar(80)", "of_customer", "changes-result"),
    ("CREATE TRIGGER touch BEFORE UPDATE ON app.customers FOR EACH ROW EXECUTE FUNCTION app.touch()", "register", "new-trigger"),
    ("ALTER TABLE app.customers ADD COLUMN born date", "all_columns", "changes-result"),
    ("ALTER TABLE app.customers DROP COLUMN discount", "all_columns", "changes-result"),
    ("ALTER TABLE app.orders ALTER COLUMN id TYPE int", "by_code", "changes-result"),
    (("DROP VIEW app.totals; CREATE VIEW app.totals AS SELECT customer_id, sum(total)::int AS total FROM app.orders GROUP BY 1;"
     "GRANT ALL ON app.totals TO PUBLIC"), "totals", "changes-result"),
    ("DROP INDEX app.orders_code_idx", "by_code", "loses-index"),
    ("ALTER TABLE app.orders DROP CONSTRAINT orders_pkey", "forget", "loses-index"),
    ("DROP INDEX app.events_day_idx", "events_of", "loses-index"),
    ("ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY", "get_order", "new-policy"),
    (("ALTER TABLE app.events ENABLE ROW LEVEL SECURITY;"
     "CREATE POLICY p ON app.events FOR SELECT USING (day > '2026-01-01')"), "events_of", "new-policy"),
    ("CREATE TRIGGER touch BEFORE UPDATE ON app.customers FOR EACH ROW EXECUTE FUNCTION app.touch()", "rename", "new-trigger"),
    ("CREATE TRIGGER touch AFTER DELETE ON app.orders FOR EACH STATEMENT EXECUTE FUNCTION app.touch()", "forget", "new-trigger"),
]  # fmt: skip
HARMLESS = [
    "ALTER TABLE app.orders ADD COLUMN country text",
    "ALTER TABLE app.orders ADD COLUMN country text NOT NULL DEFAULT 'CH'",
    "ALTER TABLE app.orders ADD COLUMN number int GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE app.orders ADD COLUMN twice int GENERATED ALWAYS AS (total * 2) STORED",
    "ALTER TABLE app.orders DROP COLUMN unused",
    "ALTER TABLE app.orders RENAME COLUMN unused TO spare",
    "ALTER TABLE app.orders ALTER COLUMN customer_id SET NOT NULL",
    "ALTER TABLE app.orders ALTER COLUMN placed_at SET NOT NULL",
    "ALTER TABLE app.orders ALTER COLUMN unused SET DEFAULT '', ALTER COLUMN unused SET NOT NULL",
    "ALTER TABLE app.orders ADD CHECK (total > 0) NOT VALID",
    "ALTER TABLE app.orders ADD CHECK (code IS NOT NULL OR note IS NOT NULL)",
    "ALTER TABLE app.orders ADD COLUMN twice int GENERATED ALWAYS AS (coalesce(total, 0) * 2) STORED NOT NULL",
    "CREATE POLICY own ON app.orders TO CURRENT_USER USING (true)",
    "CREATE TRIGGER touch BEFORE UPDATE OF discount ON app.customers FOR EACH ROW EXECUTE FUNCTION app.touch()",
    "ALTER TYPE app.mood RENAME TO temper",
    "CREATE RULE nothing AS ON INSERT TO app.orders DO ALSO NOTIFY orders",
    "ALTER TABLE app.orders ALTER COLUMN unused TYPE varchar(10)",
    "CREATE INDEX ON app.orders (placed_at)",
    "CREATE INDEX ON app.orders (code, placed_at); DROP INDEX app.orders_code_idx",
    "DROP INDEX app.orders_customer_idx; CREATE INDEX ON app.orders (customer_id, id)",
    "CREATE UNIQUE INDEX ON app.customers (lower(email))",
    "ALTER TABLE app.customers ADD UNIQUE (name)",
    "CREATE UNIQUE INDEX other ON app.customers (email); ALTER TABLE app.customers DROP CONSTRAINT customers_email_key",
    "CREATE TABLE app.more (id int)",
    ("CREATE TABLE app.events_2027 PARTITION OF app.events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"
    "GRANT ALL ON app.events_2027 TO PUBLIC"),
    "ALTER TYPE app.mood ADD VALUE 'sad'",
    "ALTER DOMAIN app.percent ADD CHECK (VALUE <> 13)",
    "CREATE OR REPLACE FUNCTION app.full_name(c app.customers) RETURNS text LANGUAGE sql STABLE AS 'SELECT upper(c.name)'",
    "CREATE OR REPLACE VIEW app.totals AS SELECT customer_id, sum(total) AS total FROM app.orders WHERE total > 0 GROUP BY 1",
    "CREATE POLICY own ON app.orders USING (note = current_user)",
    "CREATE TRIGGER touch BEFORE DELETE ON app.customers FOR EACH ROW EXECUTE FUNCTION app.touch()",
    "ALTER TABLE app.customers RENAME CONSTRAINT customers_email_key TO by_email",
    "ALTER INDEX app.orders_code_idx RENAME TO by_code",
    "ALTER SEQUENCE app.numbers INCREMENT 10",
    "COMMENT ON COLUMN app.orders.note IS 'x'; ANALYZE app.orders; INSERT INTO app.customers (id) VALUES (1)",
    "ALTER TABLE app.orders DROP CONSTRAINT orders_customer_id_fkey",
]  # fmt: skip
RIGHTS = """
GRANT USAGE ON SCHEMA app TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA app TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA app TO PUBLIC;
"""


@pytest.fixture(scope="module")
def sessions(server):
    """Sessions of the role that migrates and of the application, which owns nothing."""
    with (
        scratch_database(server) as database,
        psycopg.connect(**database, autocommit=True) as migrating,
        psycopg.connect(**database, autocommit=True) as planning,
    ):
        name = f"application_{database['dbname']}"
        migrating.execute(f'CREATE ROLE "{name}"')
        yield migrating, Planner.begin(planning, name)
        migrating.execute(f'DROP SCHEMA IF EXISTS app, shop CASCADE; DROP ROLE "{name}"')


def worse(sessions, change: str) -> dict[str, set[str]]:
    """Return the rules that a change breaks, by statement."""
    migrating, planner = sessions
    migrating.execute("DROP SCHEMA IF EXISTS app, shop CASCADE; DROP TABLE IF EXISTS public.orders CASCADE")
    migrating.execute(SCHEMA + RIGHTS)
    before = planner.plan(ALL)
    assert {name: plan.error for name, plan in before.items() if plan.error} == {}
    migrating.execute(change)
    found: dict[str, set[str]] = {}
    for item in breaks(ALL, before, planner.plan(ALL), where=Location("0001_x.sql")):
        found.setdefault(item.statement.name, set()).add(item.rule.id)
    return found


@pytest.mark.parametrize(("change", "name", "rule"), BROKEN)
def test_a_break_is_found(change, name, rule, sessions):
    found = worse(sessions, change)
    assert found.get(name) == (None if rule is None else {rule})


@pytest.mark.parametrize("change", HARMLESS)
def test_what_does_no_harm_is_no_finding(change, sessions):
    assert worse(sessions, change) == {}


def test_what_the_planner_needs_is_left_as_it_was(sessions):
    _, planner = sessions
    worse(sessions, "SELECT 1")
    assert planner.conn.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
