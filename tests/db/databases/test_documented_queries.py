"""The queries of the two documents give the right rows and read the index that is meant for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Connection = psycopg.Connection[tuple[object, ...]]

# The suspended accounts are the oldest ones, so that a walk by created_at alone would pass all others first.
FILL_API_SERVER = """
    INSERT INTO users (email, password, first_name, last_name, role, status, created_at)
    SELECT
        'user' || i || '@example.com', repeat('x', 60), 'First' || i, 'Last' || i,
        CASE WHEN i % 200 = 0 THEN 'admin' ELSE 'user' END,
        CASE WHEN i <= 400 THEN 'suspended' WHEN i % 10 = 0 THEN 'inactive' ELSE 'active' END,
        timestamptz '2025-01-01 00:00+00' + i * interval '1 minute'
    FROM generate_series(1, 20000) AS i;
    INSERT INTO user_sessions (user_id, token_hash, user_agent, expires_at)
    SELECT id, email, repeat('x', 100), now() + (row_number() OVER () - 200) * interval '1 minute' FROM users;
    INSERT INTO password_reset_tokens (user_id, token, expires_at)
    SELECT user_id, token_hash, expires_at FROM user_sessions;
    INSERT INTO email_verification_tokens (user_id, token, expires_at)
    SELECT user_id, token_hash, expires_at FROM user_sessions;
    INSERT INTO audit_logs (user_id, action, created_at)
    SELECT user_id, 'login', expires_at - interval '90 days' FROM user_sessions;
"""
FILL_CARTHUB = """
    INSERT INTO carts (customer_id) SELECT 'customer' || i FROM generate_series(1, 5000) AS i;
    INSERT INTO cart_items (cart_id, product_id, product_name, price, quantity)
    SELECT c.id, 'p' || i, 'Product', 1.25 * i, i FROM carts AS c, generate_series(1, 4) AS i;
    INSERT INTO orders (customer_id, total_amount, status, created_at)
    SELECT
        'customer' || i % 2500, i, CASE WHEN i % 100 = 0 THEN 'pending' ELSE 'delivered' END,
        timestamp '2025-01-01' + i * interval '1 minute'
    FROM generate_series(1, 10000) AS i;
    INSERT INTO order_items (order_id, product_id, product_name, price, quantity)
    SELECT id, 'p', 'Product', 1, 1 FROM orders;
"""

USER_SEARCH = """
    SELECT id, email, first_name, last_name, status, created_at
    FROM users
    WHERE status = {status}
      AND (first_name ILIKE '%{text}%' OR last_name ILIKE '%{text}%' OR email ILIKE '%{text}%')
    ORDER BY created_at DESC
    LIMIT 20 OFFSET {offset}
"""
SESSION_CLEANUP = "DELETE FROM user_sessions WHERE expires_at < CURRENT_TIMESTAMP - INTERVAL '1 hour'"
COUNTS = """
    SELECT
        COUNT(*) FILTER (WHERE status = 'active') as active_users,
        COUNT(*) FILTER (WHERE status = 'inactive') as inactive_users,
        COUNT(*) FILTER (WHERE role = 'admin') as admin_users
    FROM users
"""
EXPIRED = """
    SELECT 'password_reset_tokens' as table_name, count(*) as expired_count
    FROM password_reset_tokens
    WHERE expires_at < CURRENT_TIMESTAMP

    UNION ALL

    SELECT 'email_verification_tokens', count(*)
    FROM email_verification_tokens
    WHERE expires_at < CURRENT_TIMESTAMP

    UNION ALL

    SELECT 'user_sessions', count(*)
    FROM user_sessions
    WHERE expires_at < CURRENT_TIMESTAMP

    UNION ALL

    SELECT 'audit_logs (>90 days)', count(*)
    FROM audit_logs
    WHERE created_at < CURRENT_TIMESTAMP - INTERVAL '90 days'
"""
CART_TOTAL = """
    SELECT c.customer_id, COUNT(ci.id) as item_count, SUM(ci.price * ci.quantity) as total
    FROM carts c
    LEFT JOIN cart_items ci ON c.id = ci.cart_id
    WHERE c.customer_id = $1
    GROUP BY c.customer_id
"""
COLUMN_STATISTICS = """
    SELECT schemaname, tablename, attname, n_distinct, correlation
    FROM pg_stats
    WHERE tablename IN ('carts', 'cart_items', 'orders', 'order_items')
"""


def filled(parameters: dict[str, str], fill: str, table: str) -> dict[str, str]:
    with psycopg.connect(**parameters, autocommit=True) as connection:
        if connection.execute(f"SELECT FROM {table} LIMIT 1".encode()).fetchone() is None:
            connection.execute(fill.encode())
            connection.execute("VACUUM ANALYZE")
        # an autovacuum at work meanwhile holds back what counts as visible to all, and with it index-only scans
        hidden = f"SELECT FROM pg_class WHERE oid = '{table}'::regclass AND relallvisible < relpages"
        while connection.execute(hidden.encode()).fetchone() is not None:
            connection.execute("VACUUM ANALYZE")
    return parameters


@pytest.fixture
def users(shared: Callable[..., dict[str, str]]) -> Iterator[Connection]:
    with psycopg.connect(**filled(shared("api_server", "filled"), FILL_API_SERVER, "users")) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def shop(shared: Callable[..., dict[str, str]]) -> Iterator[Connection]:
    with psycopg.connect(**filled(shared("carthub", "filled"), FILL_CARTHUB, "carts")) as connection:
        yield connection
        connection.rollback()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def explain(connection: Connection, query: str, *, analyze: bool = False) -> list[dict[str, Any]]:
    """The nodes of the plan, the top one first."""
    options = "FORMAT JSON, ANALYZE, TIMING OFF" if analyze else "FORMAT JSON"
    [(plan,)] = connection.execute(f"EXPLAIN ({options}) {query}".encode()).fetchall()
    assert isinstance(plan, list)
    return list(nodes(plan[0]["Plan"]))


def indexes(plan: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in plan if "Index Name" in node}


def kinds(plan: list[dict[str, Any]]) -> set[str]:
    return {node["Node Type"] for node in plan}


@pytest.mark.parametrize("offset", [0, 40])
def test_a_page_of_a_rare_status_reads_that_page_only(users: Connection, offset: int) -> None:
    query = USER_SEARCH.format(status="'suspended'", text="last", offset=offset)
    plan = explain(users, query, analyze=True)
    assert indexes(plan) == {"idx_users_status_created_at"}
    assert kinds(plan) == {"Limit", "Index Scan"}
    # Every row of that status matches here: what is read is the page and the pages before it, nothing else.
    assert [node["Actual Rows"] for node in plan] == [20, offset + 20]
    assert plan[1].get("Rows Removed by Filter", 0) == 0


@pytest.mark.parametrize(("status", "one_in"), [("active", 1.2), ("inactive", 11)])
@pytest.mark.parametrize("offset", [0, 200])
def test_a_page_of_a_common_status_is_read_in_order_up_to_its_end(
    users: Connection, status: str, one_in: float, offset: int
) -> None:
    query = USER_SEARCH.format(status=f"'{status}'", text="last", offset=offset)
    plan = explain(users, query, analyze=True)
    # Either index gives the order without a sort; the planner takes the smaller one when it removes few rows.
    assert indexes(plan) <= {"idx_users_status_created_at", "idx_users_created_at"}
    assert kinds(plan) == {"Limit", "Index Scan"}
    assert plan[1]["Actual Rows"] + plan[1].get("Rows Removed by Filter", 0) <= one_in * (offset + 20)


def test_the_user_search_finds_by_each_name_and_newest_first(users: Connection) -> None:
    query = USER_SEARCH.format(status="'active'", text="USER1999", offset=0)
    rows = users.execute(query.encode()).fetchall()
    assert [row[1] for row in rows] == [f"user{i}@example.com" for i in (*range(19999, 19990, -1), 1999)]
    created = [row[5] for row in rows]
    assert created == sorted(created, key=str, reverse=True)
    for text, found in [("irst777", 11), ("AST777", 11), ("no such text", 0)]:
        query = USER_SEARCH.format(status="'active'", text=text, offset=0)
        assert len(users.execute(query.encode()).fetchall()) == found - (text != "no such text"), text


def test_the_newest_of_a_status_read_ten_rows(users: Connection) -> None:
    plan = explain(
        users, "SELECT * FROM users WHERE status = 'active' ORDER BY created_at DESC LIMIT 10", analyze=True
    )
    assert indexes(plan) <= {"idx_users_status_created_at", "idx_users_created_at"}
    assert kinds(plan) == {"Limit", "Index Scan"}


def test_a_user_is_found_by_address(users: Connection) -> None:
    plan = explain(users, "SELECT * FROM users WHERE email = 'user77@example.com'")
    # The guide's own index repeats the constraint's; the planner may take either.
    assert indexes(plan) <= {"idx_users_email", "users_email_key"}
    assert kinds(plan) == {"Index Scan"}


def test_users_are_counted_from_the_index_alone(users: Connection) -> None:
    plan = explain(users, COUNTS)
    assert indexes(plan) == {"idx_users_status_role"}
    assert kinds(plan) == {"Aggregate", "Index Only Scan"}
    assert users.execute(COUNTS.encode()).fetchall() == [(17_640, 1_960, 100)]


def test_the_session_clean_up_reads_what_it_deletes(users: Connection) -> None:
    [(expired,)] = users.execute(SESSION_CLEANUP.replace("DELETE", "SELECT count(*)").encode()).fetchall()
    plan = explain(users, SESSION_CLEANUP, analyze=True)
    assert indexes(plan) == {"idx_user_sessions_expires_at"}
    assert plan[1]["Actual Rows"] == expired


def test_the_report_of_expired_rows_reads_the_expiry_indexes(users: Connection) -> None:
    assert indexes(explain(users, EXPIRED)) == {
        "idx_password_reset_tokens_expires_at",
        "idx_email_verification_tokens_expires_at",
        "idx_user_sessions_expires_at",
        "idx_audit_logs_created_at",
    }
    rows = users.execute(EXPIRED.encode()).fetchall()
    assert [name for name, _ in rows] == [
        "password_reset_tokens",
        "email_verification_tokens",
        "user_sessions",
        "audit_logs (>90 days)",
    ]
    assert len({count for _, count in rows}) == 1


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            "SELECT * FROM user_sessions WHERE token_hash = 'user77@example.com'",
            "idx_user_sessions_token_hash",
        ),
        ("SELECT * FROM password_reset_tokens WHERE token = 'a'", "idx_password_reset_tokens_token"),
        ("SELECT * FROM email_verification_tokens WHERE token = 'a'", "idx_email_verification_tokens_token"),
        ("SELECT * FROM audit_logs WHERE user_id = gen_random_uuid()", "idx_audit_logs_user_id"),
    ],
)
def test_a_lookup_reads_its_index(users: Connection, query: str, index: str) -> None:
    # gen_random_uuid() is volatile; as a sub-select it is computed once.
    assert indexes(explain(users, query.replace("gen_random_uuid()", "(SELECT gen_random_uuid())"))) == {
        index
    }


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("user_sessions", "expires_at"),
        ("password_reset_tokens", "expires_at"),
        ("email_verification_tokens", "expires_at"),
        ("audit_logs", "created_at"),
    ],
)
def test_a_batch_of_the_clean_up_reads_the_expiry_index_and_the_key(
    users: Connection, table: str, column: str
) -> None:
    query = (
        f"DELETE FROM {table} WHERE id = ANY (ARRAY(SELECT id FROM {table}"
        f" WHERE {column} < now() - interval '90 days' ORDER BY {column} LIMIT 1000 FOR UPDATE SKIP LOCKED))"
    )
    plan = explain(users, query)
    assert indexes(plan) == {f"{table}_pkey", f"idx_{table}_{column}"}
    assert "Seq Scan" not in kinds(plan)


def test_the_total_of_a_cart_reads_two_indexes(shop: Connection) -> None:
    plan = explain(shop, CART_TOTAL.replace("$1", "'customer77'"))
    assert len(indexes(plan) & {"idx_carts_customer_id", "carts_customer_id_key"}) == 1
    assert len(indexes(plan) & {"idx_cart_items_cart_id", "cart_items_cart_id_product_id_key"}) == 1
    assert "Seq Scan" not in kinds(plan)

    shop.execute(f"PREPARE cart_total (text) AS {CART_TOTAL}".encode())
    [row] = shop.execute("EXECUTE cart_total ('customer77')").fetchall()
    assert [str(value) for value in row] == ["customer77", "4", "37.50"]
    shop.execute("INSERT INTO carts (customer_id) VALUES ('empty')")
    assert shop.execute("EXECUTE cart_total ('empty')").fetchall() == [("empty", 0, None)]
    shop.execute("DEALLOCATE cart_total")


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT * FROM orders WHERE customer_id = 'customer7'", "idx_orders_customer_id"),
        ("SELECT * FROM orders WHERE status = 'pending'", "idx_orders_status"),
        ("SELECT * FROM orders ORDER BY created_at DESC LIMIT 10", "idx_orders_created_at"),
        ("SELECT * FROM order_items WHERE order_id = 7", "idx_order_items_order_id"),
        ("SELECT * FROM cart_items WHERE product_id = 'none'", "idx_cart_items_product_id"),
    ],
)
def test_each_documented_index_of_carthub_is_of_use(shop: Connection, query: str, index: str) -> None:
    assert indexes(explain(shop, query)) == {index}


def test_the_statistics_name_every_column(shop: Connection) -> None:
    rows = shop.execute(COLUMN_STATISTICS.encode()).fetchall()
    assert {row[0] for row in rows} == {"public"}
    assert {row[1] for row in rows} == {"carts", "cart_items", "orders", "order_items"}
    assert len(rows) == 4 + 8 + 8 + 7
