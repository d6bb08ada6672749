"""What a rollback throws away, and rows that do not come back."""

from __future__ import annotations

import pytest

from tests.db.review.verify.conftest import DROP_ORDERS, ORDERS


def test_what_a_rollback_throws_away_is_named(project, verify):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write("0002_paid", "ALTER TABLE orders ADD paid boolean;\n", "ALTER TABLE orders DROP paid;\n")
    found = verify("--all")
    assert found.code == 0
    assert found.trip("0001_orders")["loses"] == ["table public.orders"]
    assert found.trip("0002_paid")["loses"] == ["column public.orders.paid"]


def test_rows_that_do_not_come_back_are_named(project, verify):
    project.write("sql/seed/database.sql", "INSERT INTO orders VALUES (1, 10, 'first');\n")
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write(
        "0002_drop", "ALTER TABLE orders DROP COLUMN note;\n", "ALTER TABLE orders ADD COLUMN note text;\n"
    )
    project.write("0003_same", "ALTER TABLE orders ADD x int;\n", "ALTER TABLE orders DROP x;\n")
    found = verify("--all")
    assert found.database["seed_rows"] == 1
    assert found.trip("0002_drop")["changed_rows"] == ["public.orders"]
    assert found.trip("0003_same")["changed_rows"] == []


def test_a_rollback_that_only_renames_loses_nothing(project, verify):
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write(
        "0002_rename",
        "ALTER TABLE orders RENAME COLUMN total TO amount;\nALTER TABLE orders RENAME TO purchases;\n",
        "ALTER TABLE purchases RENAME TO orders;\nALTER TABLE orders RENAME COLUMN amount TO total;\n",
    )
    assert verify("--all").trip("0002_rename")["loses"] == []


def test_a_column_that_comes_and_goes_with_its_parents_was_not_made_anew(project, verify):
    project.write(
        "0001_orders",
        ORDERS + "CREATE TABLE old_orders (closed date) INHERITS (orders);\n"
        "CREATE TABLE days (day date) PARTITION BY RANGE (day);\n"
        "CREATE TABLE days_old PARTITION OF days FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');\n",
        "DROP TABLE days, old_orders, orders;\n",
    )
    project.write(
        "0002_paid",
        "ALTER TABLE orders ADD COLUMN paid boolean; ALTER TABLE days ADD COLUMN paid boolean;\n",
        "ALTER TABLE orders DROP COLUMN paid; ALTER TABLE days DROP COLUMN paid;\n",
    )
    trip = verify("--since", "0001_orders").trip("0002_paid")
    assert (trip["verdict"], trip["changed_rows"]) == ("proven", [])
    assert sorted(trip["loses"]) == ["column public.days.paid", "column public.orders.paid"]


def test_a_rollback_that_moves_a_table_back_loses_nothing_and_a_rename_hides_no_loss(project, verify):
    project.write(
        "0001_orders", ORDERS + "CREATE TABLE lines (id int);\n", DROP_ORDERS + "DROP TABLE lines;\n"
    )
    project.write(
        "0002_move",
        "CREATE SCHEMA old; ALTER TABLE orders SET SCHEMA old;\n",
        "ALTER TABLE old.orders SET SCHEMA public; DROP SCHEMA old;\n",
    )
    project.write(
        "0003_twice",
        "ALTER TABLE old.orders RENAME COLUMN total TO sum; ALTER TABLE lines ADD COLUMN sum integer;\n",
        "ALTER TABLE lines DROP COLUMN sum; ALTER TABLE old.orders RENAME COLUMN sum TO total;\n",
    )
    found = verify("--all")
    assert found.trip("0002_move")["loses"] == []
    assert found.trip("0003_twice")["loses"] == ["column public.lines.sum"]


@pytest.mark.parametrize(
    ("apply", "rollback", "dropped", "changed"),
    [
        pytest.param(
            "DO $$ BEGIN EXECUTE 'DROP TA' || 'BLE orders'; END $$; CREATE TABLE orders (id int);",
            "ALTER TABLE orders ADD PRIMARY KEY (id), ADD COLUMN total integer, ADD COLUMN note text;",
            ["table public.orders"],
            [],
            id="dropped by code, and made anew",
        ),
        pytest.param(
            "DO $$ BEGIN EXECUTE 'ALTER TABLE orders DR' || 'OP note'; END $$;",
            "ALTER TABLE orders ADD COLUMN note text;",
            ["column public.orders.note"],
            [],
            id="column dropped by code",
        ),
        pytest.param(
            "DROP SCHEMA app CASCADE;",
            "CREATE SCHEMA app; CREATE TABLE app.log (id integer);",
            ["table app.log"],
            [],
            id="dropped by CASCADE",
        ),
        pytest.param(
            "CREATE TEMP TABLE x (id int) ON COMMIT DROP; ALTER TABLE orders DROP note;"
            "UPDATE orders SET total = 1 WHERE id = 1;",
            "ALTER TABLE orders ADD COLUMN note text;",
            ["column public.orders.note"],
            [],
            id="rehearsed as one transaction",
        ),
        pytest.param(
            "ALTER TABLE orders ADD COLUMN paid boolean;",
            "DROP TABLE orders; CREATE TABLE orders (id integer PRIMARY KEY, total integer, note text);",
            [],
            ["public.orders"],
            id="made anew by the rollback",
        ),
        pytest.param(
            "ALTER TABLE orders ALTER note TYPE varchar(99);",
            "ALTER TABLE orders DROP note; ALTER TABLE orders ADD note text;",
            [],
            ["public.orders"],
            id="column made anew by the rollback",
        ),
    ],
)
def test_rows_that_are_lost_are_told_without_a_seed_and_whoever_drops_them(
    project, verify, apply, rollback, dropped, changed
):
    project.write(
        "0001_orders", ORDERS + "CREATE SCHEMA app; CREATE TABLE app.log (id integer);\n", DROP_ORDERS
    )
    project.write("0002_change", f"{apply}\n", f"{rollback}\n")
    found = verify("--since", "0001_orders")
    assert [name for s in found.statements("0002_change") for name in s["dropped"]] == dropped
    assert found.trip("0002_change")["changed_rows"] == changed
    rules = {f["rule"] for f in found.database["findings"]}
    assert rules & {"drop-table", "drop-column", "rollback-changes-rows"}
    assert found.verdicts() == {
        "0002_change": "rows differ" if "rollback-changes-rows" in rules else "proven"
    }
