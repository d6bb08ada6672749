"""carthub: columns, defaults, constraints, foreign keys and triggers, with the values they refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors, sql

if TYPE_CHECKING:
    from collections.abc import Callable

Connection = psycopg.Connection[tuple[object, ...]]

TIMESTAMP = "timestamp without time zone"
CREATED = (TIMESTAMP, False, "CURRENT_TIMESTAMP")
NAME = ("character varying(255)", True, None)
PRICE = ("numeric(10,2)", True, None)


def serial(table: str) -> tuple[str, bool, str]:
    return ("integer", True, f"nextval('{table}_id_seq'::regclass)")


TABLES: dict[str, dict[str, tuple[str, bool, str | None]]] = {
    "carts": {"id": serial("carts"), "customer_id": NAME, "created_at": CREATED, "updated_at": CREATED},
    "cart_items": {
        "id": serial("cart_items"),
        "cart_id": ("integer", False, None),
        "product_id": NAME,
        "product_name": NAME,
        "price": PRICE,
        "quantity": ("integer", True, "1"),
        "created_at": CREATED,
        "updated_at": CREATED,
    },
    "orders": {
        "id": serial("orders"),
        "customer_id": NAME,
        "total_amount": PRICE,
        "status": ("character varying(50)", False, "'pending'::character varying"),
        "shipping_address": ("jsonb", False, None),
        "payment_method": ("character varying(100)", False, None),
        "created_at": CREATED,
        "updated_at": CREATED,
    },
    "order_items": {
        "id": serial("order_items"),
        "order_id": ("integer", False, None),
        "product_id": NAME,
        "product_name": NAME,
        "price": PRICE,
        "quantity": ("integer", True, None),
        "created_at": CREATED,
    },
}
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
"""
INDEXES = {
    "carts_pkey": "UNIQUE (id)",
    "carts_customer_id_key": "UNIQUE (customer_id)",
    "idx_carts_customer_id": "(customer_id)",
    "cart_items_pkey": "UNIQUE (id)",
    "cart_items_cart_id_product_id_key": "UNIQUE (cart_id, product_id)",
    "idx_cart_items_cart_id": "(cart_id)",
    "idx_cart_items_product_id": "(product_id)",
    "orders_pkey": "UNIQUE (id)",
    "idx_orders_customer_id": "(customer_id)",
    "idx_orders_status": "(status)",
    "idx_orders_created_at": "(created_at)",
    "order_items_pkey": "UNIQUE (id)",
    "idx_order_items_order_id": "(order_id)",
}
STATUSES = ["pending", "processing", "shipped", "delivered", "cancelled"]


def row_for(table: str, **values: object) -> dict[str, object]:
    """The least that the table accepts."""
    product = {"product_id": "p", "product_name": "P", "price": "1.00"}
    least: dict[str, dict[str, object]] = {
        "carts": {"customer_id": "c"},
        "cart_items": product,
        "orders": {"customer_id": "c", "total_amount": "1.00"},
        "order_items": product | {"quantity": 1},
    }
    return least[table] | values


def test_every_table_is_there_and_no_other(carthub: Connection) -> None:
    rows = carthub.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ '^_?(yoyo|runner)_'"
    ).fetchall()
    assert {name for (name,) in rows} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_as_documented(carthub: Connection, table: str) -> None:
    rows = carthub.execute(COLUMNS, [table]).fetchall()
    assert {name: (kind, required, default) for name, kind, required, default in rows} == TABLES[table]


def test_indexes_have_their_documented_names(carthub: Connection) -> None:
    rows = carthub.execute(
        "SELECT i.indexrelid::regclass::text, CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END"
        " || regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING btree ', '')"
        " FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid"
        " WHERE c.relnamespace = 'public'::regnamespace AND i.indisvalid AND c.relname !~ '^_?(yoyo|runner)_'"
    ).fetchall()
    assert dict(rows) == INDEXES


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table, column)
        for table, columns in TABLES.items()
        for column, (_, required, _) in columns.items()
        if required
    ],
)
def test_a_required_column_refuses_null(
    carthub: Connection, table: str, column: str, insert: Callable[..., str]
) -> None:
    with pytest.raises(errors.NotNullViolation) as caught:
        insert(carthub, table, row_for(table) | {column: None})
    assert (caught.value.diag.table_name, caught.value.diag.column_name) == (table, column)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table, column)
        for table, columns in TABLES.items()
        for column, (_, required, _) in columns.items()
        if not required
    ],
)
def test_an_optional_column_accepts_null(
    carthub: Connection, table: str, column: str, insert: Callable[..., str]
) -> None:
    insert(carthub, table, row_for(table) | {column: None})


def test_the_least_rows_get_the_defaults(carthub: Connection, insert: Callable[..., str]) -> None:
    cart = insert(carthub, "carts", row_for("carts"))
    insert(carthub, "cart_items", row_for("cart_items", cart_id=cart))
    insert(carthub, "orders", row_for("orders"))
    rows = carthub.execute(
        "SELECT i.quantity, o.status, c.created_at = c.updated_at FROM carts AS c, cart_items AS i, orders o"
    ).fetchall()
    assert rows == [(1, "pending", True)]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("cart_items", "price", "0.01"),
        ("cart_items", "price", "99999999.99"),
        ("cart_items", "quantity", 1),
        ("cart_items", "quantity", 2_147_483_647),
        ("orders", "total_amount", "0.01"),
        ("orders", "total_amount", "99999999.99"),
        *(("orders", "status", status) for status in STATUSES),
    ],
)
def test_a_value_within_its_bounds_is_accepted(
    carthub: Connection, table: str, column: str, value: object, insert: Callable[..., str]
) -> None:
    insert(carthub, table, row_for(table, **{column: value}))


@pytest.mark.parametrize(
    ("table", "column", "value", "constraint"),
    [
        ("cart_items", "price", "0", "check_positive_price"),
        ("cart_items", "price", "-0.01", "check_positive_price"),
        pytest.param("cart_items", "price", "0.004", "check_positive_price", id="price that rounds to zero"),
        ("cart_items", "quantity", 0, "check_positive_quantity"),
        ("cart_items", "quantity", -1, "check_positive_quantity"),
        ("orders", "total_amount", "0", "check_positive_total"),
        ("orders", "total_amount", "-5", "check_positive_total"),
        ("orders", "status", "", "check_valid_status"),
        ("orders", "status", "Pending", "check_valid_status"),
        ("orders", "status", "refunded", "check_valid_status"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(
    carthub: Connection, table: str, column: str, value: object, constraint: str, insert: Callable[..., str]
) -> None:
    with pytest.raises(errors.CheckViolation) as caught:
        insert(carthub, table, row_for(table, **{column: value}))
    assert caught.value.diag.constraint_name == constraint


@pytest.mark.parametrize(
    ("table", "column"), [("cart_items", "price"), ("orders", "total_amount"), ("order_items", "price")]
)
def test_an_amount_beyond_ten_digits_is_refused(
    carthub: Connection, table: str, column: str, insert: Callable[..., str]
) -> None:
    with pytest.raises(errors.NumericValueOutOfRange):
        insert(carthub, table, row_for(table, **{column: "100000000.00"}))


def test_an_amount_is_kept_to_the_cent(carthub: Connection, insert: Callable[..., str]) -> None:
    insert(carthub, "orders", row_for("orders", total_amount="10.005"))
    assert carthub.execute("SELECT total_amount FROM orders").fetchall() == [(Decimal("10.01"),)]


def test_a_customer_has_one_cart(carthub: Connection, insert: Callable[..., str]) -> None:
    insert(carthub, "carts", row_for("carts"))
    with pytest.raises(errors.UniqueViolation) as caught:
        insert(carthub, "carts", row_for("carts"))
    assert caught.value.diag.constraint_name == "carts_customer_id_key"


def test_a_product_is_in_a_cart_once(carthub: Connection, insert: Callable[..., str]) -> None:
    first, second = (insert(carthub, "carts", {"customer_id": name}) for name in ("a", "b"))
    insert(carthub, "cart_items", row_for("cart_items", cart_id=first))
    insert(carthub, "cart_items", row_for("cart_items", cart_id=second))
    with pytest.raises(errors.UniqueViolation) as caught:
        insert(carthub, "cart_items", row_for("cart_items", cart_id=first))
    assert caught.value.diag.constraint_name == "cart_items_cart_id_product_id_key"


@pytest.mark.parametrize(
    ("parent", "child", "column"), [("carts", "cart_items", "cart_id"), ("orders", "order_items", "order_id")]
)
def test_items_go_with_their_cart_or_order(
    carthub: Connection, parent: str, child: str, column: str, insert: Callable[..., str]
) -> None:
    leaving = insert(carthub, parent, row_for(parent, customer_id="leaving"))
    staying = insert(carthub, parent, row_for(parent, customer_id="staying"))
    insert(carthub, child, row_for(child, **{column: leaving}))
    kept = insert(carthub, child, row_for(child, **{column: staying}))
    carthub.execute(sql.SQL("DELETE FROM {} WHERE id = %s").format(sql.Identifier(parent)), [leaving])
    rows = carthub.execute(sql.SQL("SELECT id::text FROM {}").format(sql.Identifier(child))).fetchall()
    assert rows == [(kept,)]

    with pytest.raises(errors.ForeignKeyViolation) as caught:
        insert(carthub, child, row_for(child, **{column: leaving}))
    assert caught.value.diag.constraint_name == f"{child}_{column}_fkey"


TRIGGERED = ["carts", "cart_items", "orders"]


@pytest.mark.parametrize("table", TRIGGERED)
def test_an_update_moves_updated_at_only(carthub: Connection, table: str, insert: Callable[..., str]) -> None:
    old = "2001-01-01 00:00:00"
    row_id = insert(carthub, table, row_for(table, created_at=old, updated_at=old))
    table_name = sql.Identifier(table)
    carthub.execute(sql.SQL("UPDATE {} SET updated_at = %s WHERE id = %s").format(table_name), [old, row_id])
    rows = carthub.execute(
        sql.SQL("SELECT created_at = %s, updated_at > localtimestamp - interval '1 hour' FROM {}").format(
            table_name
        ),
        [old],
    ).fetchall()
    assert rows == [(True, True)]


def test_the_triggers_have_their_documented_names(carthub: Connection) -> None:
    rows = carthub.execute(
        "SELECT tgrelid::regclass::text, tgname::text FROM pg_trigger WHERE NOT tgisinternal"
    ).fetchall()
    assert sorted(rows) == sorted((table, f"update_{table}_updated_at") for table in TRIGGERED)
