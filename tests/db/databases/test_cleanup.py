"""api_server: the clean-up of what has expired, in one transaction and in batches beside other sessions."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors, sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Connection = psycopg.Connection[tuple[object, ...]]

TABLES = ["password_reset_tokens", "email_verification_tokens", "user_sessions", "audit_logs"]
# One user and, in each table, rows that have expired and rows that have not. Parameters: expired, living.
FILL = """
    INSERT INTO users (id, email, password, first_name, last_name)
    VALUES ('00000000-0000-4000-8000-000000000001', 'a@example.com', 'x', 'A', 'B');
    INSERT INTO password_reset_tokens (user_id, token, expires_at)
    SELECT u.id, i::text, now() + CASE WHEN i > 0 THEN interval '-1 s' ELSE '1 h' END * (1 + abs(i))
    FROM users AS u, generate_series({living}, {expired}) AS i;
    INSERT INTO email_verification_tokens (user_id, token, expires_at)
    SELECT user_id, token, expires_at FROM password_reset_tokens;
    INSERT INTO user_sessions (user_id, token_hash, expires_at)
    SELECT user_id, token, expires_at FROM password_reset_tokens;
    INSERT INTO audit_logs (user_id, action, created_at)
    SELECT user_id, 'login', expires_at - interval '90 days' FROM password_reset_tokens;
"""


def fill(connection: Connection, *, expired: int, living: int) -> None:
    query = sql.SQL(FILL).format(expired=sql.Literal(expired), living=sql.Literal(1 - living))
    connection.execute(query)


def counts(connection: Connection) -> dict[str, object]:
    rows = connection.execute(
        " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in TABLES)  # names of our own
    ).fetchall()
    return {str(table): count for table, count in rows}


def call(connection: Connection, arguments: str = "") -> dict[str, object]:
    cursor = connection.execute(f"CALL cleanup_expired_tokens_in_batches({arguments})")
    assert cursor.description is not None
    [row] = cursor.fetchall()
    return dict(zip((column.name for column in cursor.description), row, strict=True))


@pytest.fixture
def parameters(make_database: Callable[..., dict[str, str]]) -> dict[str, str]:
    return make_database("api_server")


@contextmanager
def session(parameters: dict[str, str], **settings: object) -> Iterator[Connection]:
    """Another session in autocommit; it gives up after ten seconds instead of waiting for ever."""
    options = " ".join(
        f"-c {name}={value}" for name, value in ({"statement_timeout": "10s"} | settings).items()
    )
    with psycopg.connect(**parameters, autocommit=True, options=options) as connection:
        yield connection


def test_what_has_expired_is_deleted_and_counted(api_server: Connection) -> None:
    fill(api_server, expired=3, living=2)
    rows = api_server.execute("SELECT table_name, deleted FROM cleanup_expired_tokens()").fetchall()
    assert rows == [(table, 3) for table in TABLES]
    assert counts(api_server) == dict.fromkeys(TABLES, 2)


def test_the_call_of_the_guide_still_works(api_server: Connection) -> None:
    fill(api_server, expired=1, living=0)
    rows = api_server.execute("SELECT cleanup_expired_tokens()").fetchall()
    assert rows == [((table, "1"),) for table in TABLES]


def test_a_clean_database_is_left_alone(api_server: Connection) -> None:
    fill(api_server, expired=0, living=2)
    rows = api_server.execute("SELECT deleted FROM cleanup_expired_tokens()").fetchall()
    assert rows == [(0,)] * 4
    assert counts(api_server) == dict.fromkeys(TABLES, 2)


def test_the_bounds_themselves_have_not_expired(
    api_server: Connection, new_user: Callable[..., str], insert: Callable[..., str]
) -> None:
    user_id = new_user(api_server)
    [(now, old)] = api_server.execute("SELECT now(), now() - interval '90 days'").fetchall()
    insert(api_server, "user_sessions", {"user_id": user_id, "token_hash": "t", "expires_at": now})
    insert(api_server, "audit_logs", {"action": "login", "created_at": old})
    insert(api_server, "audit_logs", {"action": "login", "created_at": None})
    rows = api_server.execute("SELECT sum(deleted) FROM cleanup_expired_tokens()").fetchall()
    assert rows == [(0,)]


def test_a_used_token_stays_until_it_expires(
    api_server: Connection, new_user: Callable[..., str], insert: Callable[..., str]
) -> None:
    token = {"user_id": new_user(api_server), "token": "t", "expires_at": "2999-01-01", "used": True}
    insert(api_server, "password_reset_tokens", token)
    api_server.execute("SELECT cleanup_expired_tokens()")
    assert counts(api_server)["password_reset_tokens"] == 1


@pytest.mark.parametrize("batch_size", [1, 2, 5, 10_000])
def test_batches_delete_the_same(parameters: dict[str, str], batch_size: int) -> None:
    with session(parameters) as connection:
        fill(connection, expired=5, living=2)
        assert call(connection, f"batch_size => {batch_size}") == dict.fromkeys(TABLES, 5)
        assert counts(connection) == dict.fromkeys(TABLES, 2)
        assert call(connection) == dict.fromkeys(TABLES, 0)


def test_a_run_is_bounded(parameters: dict[str, str]) -> None:
    with session(parameters) as connection:
        fill(connection, expired=5, living=0)
        assert call(connection, "batch_size => 1, max_batches => 2") == dict.fromkeys(TABLES, 2)
        assert counts(connection) == dict.fromkeys(TABLES, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("0", "batch_size must be from 1 to 10000"),
        ("-1", "batch_size must be from 1 to 10000"),
        ("10001", "batch_size must be from 1 to 10000"),
        ("NULL", "batch_size must be from 1 to 10000"),
        ("1, 0", "max_batches must be 1 or more"),
        ("1, NULL", "max_batches must be 1 or more"),
    ],
)
def test_a_size_out_of_bounds_is_refused(api_server: Connection, arguments: str, message: str) -> None:
    with pytest.raises(errors.InvalidParameterValue) as caught:
        call(api_server, arguments)
    assert caught.value.diag.message_primary == message


def test_batches_inside_a_transaction_are_refused(parameters: dict[str, str]) -> None:
    with session(parameters) as connection:
        fill(connection, expired=1, living=0)
        with pytest.raises(errors.InvalidTransactionTermination), connection.transaction():
            call(connection)
        assert counts(connection) == dict.fromkeys(TABLES, 1)


def test_a_row_that_is_locked_is_left_for_the_next_run(parameters: dict[str, str]) -> None:
    with session(parameters) as cleaner, session(parameters) as other:
        fill(cleaner, expired=3, living=0)
        with other.transaction():
            other.execute("SELECT FROM user_sessions ORDER BY expires_at LIMIT 1 FOR UPDATE")
            assert call(cleaner) == dict.fromkeys(TABLES, 3) | {"user_sessions": 2}
        assert call(cleaner) == dict.fromkeys(TABLES, 0) | {"user_sessions": 1}


def test_a_session_that_was_prolonged_meanwhile_stays(parameters: dict[str, str]) -> None:
    with session(parameters) as cleaner, session(parameters) as other:
        fill(cleaner, expired=1, living=0)
        with other.transaction():
            other.execute("UPDATE user_sessions SET expires_at = now() + interval '1 hour'")
            assert call(cleaner)["user_sessions"] == 0
        assert call(cleaner)["user_sessions"] == 0
        assert counts(cleaner)["user_sessions"] == 1


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_being_altered_is_left_for_the_next_run(
    parameters: dict[str, str], table: str
) -> None:
    with session(parameters) as cleaner, session(parameters) as other:
        fill(cleaner, expired=2, living=0)
        warnings: list[str | None] = []
        cleaner.add_notice_handler(lambda diagnostic: warnings.append(diagnostic.message_primary))
        with other.transaction():
            other.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
            assert call(cleaner) == dict.fromkeys(TABLES, 2) | {table: 0}
        assert warnings == [f"table {table} is locked; the rest of it is left for the next run"]
        assert call(cleaner) == dict.fromkeys(TABLES, 0) | {table: 2}


def test_a_hundred_thousand_rows_go_in_batches_while_another_session_writes(
    parameters: dict[str, str],
) -> None:
    done = threading.Event()
    remaining: list[int] = []

    def write() -> None:
        # A wait for a lock of over a second is an error here, so that none can go unseen.
        with session(parameters, lock_timeout="1s") as writer:
            while not done.is_set():
                writer.execute(
                    "INSERT INTO user_sessions (user_id, token_hash, expires_at)"
                    " SELECT id, 'new', now() + interval '1 hour' FROM users"
                )
                writer.execute("INSERT INTO audit_logs (action) VALUES ('login')")
                # Among the rows that are being deleted: prolong one, and use one token.
                writer.execute(
                    "UPDATE user_sessions SET expires_at = now() + interval '1 hour', user_agent = 'longer'"
                    " WHERE id = (SELECT id FROM user_sessions ORDER BY expires_at DESC OFFSET 1000 LIMIT 1)"
                )
                writer.execute("UPDATE password_reset_tokens SET used = TRUE WHERE token IN ('20000', '0')")
                [(left,)] = writer.execute("SELECT count(*) FROM audit_logs WHERE action = 'old'").fetchall()
                assert isinstance(left, int)
                remaining.append(left)

    with session(parameters, statement_timeout="120s") as cleaner, ThreadPoolExecutor(1) as pool:
        fill(cleaner, expired=25_000, living=100)
        cleaner.execute("UPDATE audit_logs SET action = 'old'")
        cleaner.execute("VACUUM ANALYZE")
        writing = pool.submit(write)
        try:
            deleted = call(cleaner, "batch_size => 500")
        finally:
            done.set()
        writing.result()
        # A row that the writer held at that moment is left for the next run, no more.
        again = call(cleaner)
        total = {table: int(str(deleted[table])) + int(str(again[table])) for table in TABLES}
        [(prolonged,)] = cleaner.execute(
            "SELECT count(*) FROM user_sessions WHERE user_agent = 'longer'"
        ).fetchall()
        assert (
            total["password_reset_tokens"]
            == total["email_verification_tokens"]
            == total["audit_logs"]
            == 25_000
        )
        assert 25_000 - int(str(prolonged)) <= total["user_sessions"] <= 25_000
        [(expired,)] = cleaner.execute(
            "SELECT (SELECT count(*) FROM user_sessions WHERE expires_at < now())"
            " + (SELECT count(*) FROM audit_logs WHERE created_at < now() - interval '90 days')"
        ).fetchall()
        assert expired == 0
        # The other session saw the rows go little by little: each batch was committed by itself.
        assert len({left for left in remaining if 100 < left < 25_100}) >= 3
