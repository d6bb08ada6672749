"""What a rule writes instead of a statement keeps its names and literals, and is SQL."""

from __future__ import annotations

import pglast
import pytest

from runner.errors import Location
from runner.files.sqltext.lock_modes import LockMode
from runner.review.verify import StatementTrace, TableLock
from runner.review.verify.hazards import safer_form

PARTITIONED = TableLock("app.orders", LockMode.ACCESS_EXCLUSIVE, kind="partitioned table")


def form_of(text, *, locks=(), rewritten=()):
    where = Location("0002_change.sql", 1, 1)
    return safer_form(StatementTrace(number=1, text=text, where=where, locks=locks, rewritten=rewritten))


@pytest.mark.parametrize(
    ("text", "rule", "kept"),
    [
        (
            """CREATE INDEX i ON app.orders (lower("A b"), c) WHERE c > 'two  spaces'""",
            "index-not-concurrent",
            """CONCURRENTLY i ON app.orders (lower("A b"), c) WHERE c > 'two  spaces';""",
        ),
        (
            'ALTER TABLE app.orders ALTER COLUMN "A b" SET NOT NULL',
            "set-not-null",
            'ADD CONSTRAINT "orders_A b_not_null"',
        ),
        (
            'ALTER TABLE app.orders ADD UNIQUE (a, "b, c")',
            "constraint-builds-index",
            'ADD CONSTRAINT "orders_a_b, c_key" UNIQUE USING INDEX "orders_a_b, c_key";',
        ),
        (
            "ALTER TABLE app.orders ADD COLUMN n int, ADD COLUMN c int REFERENCES app.c (id) ON DELETE SET NULL",
            "foreign-key-not-valid",
            "FOREIGN KEY (c) REFERENCES app.c (id) ON DELETE SET NULL NOT VALID;",
        ),
        (
            "ALTER TABLE app.orders ADD COLUMN token text DEFAULT md5(random()::text || ', ') NOT NULL",
            "column-rewrite",
            "SET DEFAULT md5(random()::text || ', ');",
        ),
        (
            "ALTER TABLE app.orders ADD n int DEFAULT 1 CONSTRAINT few CHECK (n > 0 AND (n < 9)) NOT NULL",
            "check-not-valid",
            "n int DEFAULT 1 NOT NULL;\nALTER TABLE app.orders\n    ADD CONSTRAINT few\n    CHECK (n > 0 AND (n < 9)) NOT VALID;",
        ),
        (
            "ALTER TABLE app.orders ADD code text UNIQUE",
            "constraint-builds-index",
            "ADD COLUMN code text;\n-- in the next file:\n-- transactional: false\nCREATE UNIQUE INDEX CONCURRENTLY orders_code_key",
        ),
        ("ALTER TABLE app.orders ADD id2 serial", "column-rewrite", "nextval('app.orders_id2_seq')"),
        (
            "ALTER TABLE app.orders ALTER n TYPE numeric(10, 2) USING n::numeric(10, 2)",
            "change-type",
            "ADD COLUMN n_new numeric(10, 2);",
        ),
        ('ALTER TABLE app.orders SET SCHEMA "Old"', "rename-table", 'AS SELECT * FROM "Old".orders;'),
        ("DELETE FROM ONLY app.orders", "change-without-where", "DELETE FROM app.orders\n"),
    ],
)
def test_a_form_keeps_names_and_literals(text, rule, kept):
    rewritten = ("app.orders",) if "token" in text else ()
    found, form = form_of(text, rewritten=rewritten)
    assert found == rule
    assert kept in form
    if "…" not in form:
        pglast.parse_sql("\n".join(line for line in form.splitlines() if not line.endswith("it:")))


def test_an_index_of_a_partitioned_table_is_built_partition_by_partition():
    _, form = form_of("CREATE INDEX i ON app.orders (c)", locks=(PARTITIONED,))
    assert "CREATE INDEX i ON ONLY app.orders (c);" in form
    assert "ALTER INDEX app.i ATTACH PARTITION app.i_part;" in form
