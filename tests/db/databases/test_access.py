"""api_server: what the services' role may do, and everybody else may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors, sql

if TYPE_CHECKING:
    from collections.abc import Callable

Connection = psycopg.Connection[tuple[object, ...]]

TABLES = [
    "users",
    "user_sessions",
    "password_reset_tokens",
    "email_verification_tokens",
    "audit_logs",
    "rate_limits",
    "user_preferences",
]
ROUTINES = [
    "cleanup_expired_tokens()",
    "cleanup_expired_tokens_in_batches(integer,integer,bigint,bigint,bigint,bigint)",
    "encrypt_sensitive_data(text)",
    "decrypt_sensitive_data(text)",
]
ALLOWED = {
    "select": "SELECT count(*) FROM {}",
    "insert": "INSERT INTO {} SELECT * FROM {} WHERE FALSE",
    "update": "UPDATE {} SET id = id",
    "delete": "DELETE FROM {}",
}
REFUSED = {
    "truncate": "TRUNCATE {} CASCADE",
    "drop": "DROP TABLE {} CASCADE",
    "alter": "ALTER TABLE {} ADD COLUMN extra text",
    "index": "CREATE INDEX ON {} (id)",
    "disable triggers": "ALTER TABLE {} DISABLE TRIGGER ALL",
}


def as_role(connection: Connection, role: str) -> None:
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))


def on_table(statement: str, table: str) -> sql.Composed:
    return sql.SQL(statement).format(*[sql.Identifier("public", table)] * statement.count("{}"))


@pytest.mark.parametrize("statement", ALLOWED.values(), ids=ALLOWED)
@pytest.mark.parametrize("table", TABLES)
def test_a_service_reads_and_writes_rows(api_server: Connection, table: str, statement: str) -> None:
    as_role(api_server, "api_server_user")
    api_server.execute(on_table(statement, table))


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("table", TABLES)
def test_a_service_does_not_change_tables(api_server: Connection, table: str, statement: str) -> None:
    as_role(api_server, "api_server_user")
    with pytest.raises(errors.InsufficientPrivilege):
        api_server.execute(on_table(statement, table))


def test_a_service_does_not_make_objects(api_server: Connection) -> None:
    as_role(api_server, "api_server_user")
    with pytest.raises(errors.InsufficientPrivilege, match="permission denied for schema public"):
        api_server.execute("CREATE TABLE public.mine (id integer)")


def test_a_service_works_with_triggers_and_foreign_keys(api_server: Connection) -> None:
    as_role(api_server, "api_server_user")
    api_server.execute(
        "INSERT INTO users (email, password, first_name, last_name) VALUES ('a@example.com', 'x', 'A', 'B')"
    )
    api_server.execute("UPDATE users SET login_count = login_count + 1")
    api_server.execute("INSERT INTO user_preferences (user_id) SELECT id FROM users")
    api_server.execute("DELETE FROM users")
    assert api_server.execute("SELECT count(*) FROM user_preferences").fetchall() == [(0,)]


def test_a_service_may_run_the_functions(api_server: Connection) -> None:
    as_role(api_server, "api_server_user")
    api_server.execute("SELECT * FROM cleanup_expired_tokens()")
    api_server.execute("SELECT set_config('app.encryption_key', 'k', true)")
    rows = api_server.execute("SELECT decrypt_sensitive_data(encrypt_sensitive_data('secret'))").fetchall()
    assert rows == [("secret",)]
    [(allowed,)] = api_server.execute(
        "SELECT has_function_privilege('update_updated_at_column()', 'EXECUTE')"
    ).fetchall()
    assert allowed


def test_a_service_may_clean_up_in_batches(make_database: Callable[..., dict[str, str]]) -> None:
    with psycopg.connect(**make_database("api_server"), autocommit=True) as connection:
        as_role(connection, "api_server_user")
        rows = connection.execute("CALL cleanup_expired_tokens_in_batches()").fetchall()
        assert rows == [(0, 0, 0, 0)]


def test_tables_and_sequences_of_later_migrations_are_the_services_too(api_server: Connection) -> None:
    api_server.execute(
        "CREATE TABLE public.later (id bigint GENERATED ALWAYS AS IDENTITY, number serial, note text)"
    )
    as_role(api_server, "api_server_user")
    api_server.execute("INSERT INTO later (note) VALUES ('a')")
    api_server.execute("UPDATE later SET note = 'b'")
    rows = api_server.execute("DELETE FROM later RETURNING number, currval('later_number_seq')").fetchall()
    assert rows == [(1, 1)]
    with pytest.raises(errors.InsufficientPrivilege):
        api_server.execute("TRUNCATE later")


@pytest.mark.parametrize("table", TABLES)
def test_a_stranger_reads_nothing(
    api_server: Connection, other_role: Callable[[str], str], table: str
) -> None:
    as_role(api_server, other_role("NOLOGIN"))
    with pytest.raises(errors.InsufficientPrivilege, match="permission denied for table"):
        api_server.execute(on_table("SELECT FROM {}", table))


@pytest.mark.parametrize("routine", ROUTINES)
def test_a_stranger_runs_nothing(
    api_server: Connection, other_role: Callable[[str], str], routine: str
) -> None:
    stranger = other_role("NOLOGIN")
    rows = api_server.execute(
        "SELECT has_function_privilege(role, %s, 'EXECUTE') FROM unnest(%s::text[]) AS role",
        [routine, [stranger, "api_server_user"]],
    ).fetchall()
    assert rows == [(False,), (True,)]


def test_a_stranger_makes_nothing(api_server: Connection, other_role: Callable[[str], str]) -> None:
    as_role(api_server, other_role("NOLOGIN"))
    with pytest.raises(errors.InsufficientPrivilege, match="permission denied for schema public"):
        api_server.execute("CREATE TABLE public.mine (id integer)")


def test_the_history_is_out_of_a_services_reach(
    api_server: Connection, history_rights: Callable[[Connection, str], list[str]]
) -> None:
    assert history_rights(api_server, "api_server_user") == []
    as_role(api_server, "api_server_user")
    with pytest.raises(errors.InsufficientPrivilege):
        api_server.execute("SELECT FROM _runner_migration")
