"""api_server: columns, defaults, constraints, foreign keys and triggers, with the values they refuse."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors, sql

if TYPE_CHECKING:
    from collections.abc import Callable

Connection = psycopg.Connection[tuple[object, ...]]

# Column: type, NOT NULL, default. As the guide documents them, but for gen_random_uuid().
TIMESTAMPTZ = "timestamp with time zone"
ID = ("uuid", True, "gen_random_uuid()")
CREATED = (TIMESTAMPTZ, False, "CURRENT_TIMESTAMP")
TOKENS = {
    "id": ID,
    "user_id": ("uuid", True, None),
    "token": ("character varying(255)", True, None),
    "expires_at": (TIMESTAMPTZ, True, None),
    "used": ("boolean", False, "false"),
    "created_at": CREATED,
}
TABLES: dict[str, dict[str, tuple[str, bool, str | None]]] = {
    "users": {
        "id": ID,
        "email": ("character varying(255)", True, None),
        "password": ("character varying(255)", True, None),
        "first_name": ("character varying(100)", True, None),
        "last_name": ("character varying(100)", True, None),
        "role": ("character varying(50)", True, "'user'::character varying"),
        "status": ("character varying(50)", True, "'active'::character varying"),
        "email_verified": ("boolean", False, "false"),
        "email_verified_at": (TIMESTAMPTZ, False, None),
        "password_changed_at": (TIMESTAMPTZ, False, None),
        "last_login_at": (TIMESTAMPTZ, False, None),
        "login_count": ("integer", False, "0"),
        "created_at": CREATED,
        "updated_at": CREATED,
    },
    "user_sessions": {
        "id": ID,
        "user_id": ("uuid", True, None),
        "token_hash": ("character varying(255)", True, None),
        "device_info": ("jsonb", False, None),
        "ip_address": ("inet", False, None),
        "user_agent": ("text", False, None),
        "expires_at": (TIMESTAMPTZ, True, None),
        "created_at": CREATED,
        "updated_at": CREATED,
    },
    "password_reset_tokens": TOKENS,
    "email_verification_tokens": TOKENS,
    "audit_logs": {
        "id": ID,
        "user_id": ("uuid", False, None),
        "action": ("character varying(100)", True, None),
        "resource": ("character varying(100)", False, None),
        "resource_id": ("uuid", False, None),
        "old_values": ("jsonb", False, None),
        "new_values": ("jsonb", False, None),
        "ip_address": ("inet", False, None),
        "user_agent": ("text", False, None),
        "created_at": CREATED,
    },
    "rate_limits": {
        "id": ID,
        "key": ("character varying(255)", True, None),
        "count": ("integer", True, "1"),
        "reset_time": (TIMESTAMPTZ, True, None),
        "created_at": CREATED,
        "updated_at": CREATED,
    },
    "user_preferences": {
        "id": ID,
        "user_id": ("uuid", True, None),
        "theme": ("character varying(50)", False, "'light'::character varying"),
        "language": ("character varying(10)", False, "'en'::character varying"),
        "timezone": ("character varying(50)", False, "'UTC'::character varying"),
        "notifications": ("jsonb", False, "'{}'::jsonb"),
        "created_at": CREATED,
        "updated_at": CREATED,
    },
}
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""
INDEXES = {
    "users": {
        "users_pkey": "UNIQUE (id)",
        "users_email_key": "UNIQUE (email)",
        "idx_users_email": "(email)",
        "idx_users_status": "(status)",
        "idx_users_role": "(role)",
        "idx_users_created_at": "(created_at)",
        "idx_users_status_created_at": "(status, created_at DESC)",
        "idx_users_status_role": "(status, role)",
    },
    "user_sessions": {
        "user_sessions_pkey": "UNIQUE (id)",
        "idx_user_sessions_user_id": "(user_id)",
        "idx_user_sessions_token_hash": "(token_hash)",
        "idx_user_sessions_expires_at": "(expires_at)",
    },
    "password_reset_tokens": {
        "password_reset_tokens_pkey": "UNIQUE (id)",
        "idx_password_reset_tokens_token": "UNIQUE (token)",
        "idx_password_reset_tokens_user_id": "(user_id)",
        "idx_password_reset_tokens_expires_at": "(expires_at)",
    },
    "email_verification_tokens": {
        "email_verification_tokens_pkey": "UNIQUE (id)",
        "idx_email_verification_tokens_token": "UNIQUE (token)",
        "idx_email_verification_tokens_user_id": "(user_id)",
        "idx_email_verification_tokens_expires_at": "(expires_at)",
    },
    "audit_logs": {
        "audit_logs_pkey": "UNIQUE (id)",
        "idx_audit_logs_user_id": "(user_id)",
        "idx_audit_logs_created_at": "(created_at)",
    },
    "rate_limits": {
        "rate_limits_pkey": "UNIQUE (id)",
        "idx_rate_limits_key": "UNIQUE (key)",
    },
    "user_preferences": {
        "user_preferences_pkey": "UNIQUE (id)",
        "idx_user_preferences_user_id": "(user_id)",
    },
}


def row_for(table: str, user_id: str, **values: object) -> dict[str, object]:
    """The least that the table accepts: one value for each column that has to have one."""
    token = uuid.uuid4().hex
    later = "2999-01-01"
    least: dict[str, dict[str, object]] = {
        "users": {"email": f"{token}@example.com", "password": "x", "first_name": "A", "last_name": "B"},
        "user_sessions": {"user_id": user_id, "token_hash": token, "expires_at": later},
        "password_reset_tokens": {"user_id": user_id, "token": token, "expires_at": later},
        "email_verification_tokens": {"user_id": user_id, "token": token, "expires_at": later},
        "audit_logs": {"action": "login"},
        "rate_limits": {"key": token, "reset_time": later},
        "user_preferences": {"user_id": user_id},
    }
    return least[table] | values


def test_every_table_is_there_and_no_other(api_server: Connection) -> None:
    rows = api_server.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ '^_?(yoyo|runner)_'"
    ).fetchall()
    assert {name for (name,) in rows} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_as_documented(api_server: Connection, table: str) -> None:
    rows = api_server.execute(COLUMNS, [table]).fetchall()
    assert {name: (kind, required, default) for name, kind, required, default in rows} == TABLES[table]


@pytest.mark.parametrize("table", INDEXES)
def test_indexes_have_their_documented_names(api_server: Connection, table: str) -> None:
    rows = api_server.execute(
        "SELECT i.indexrelid::regclass::text, CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END"
        " || regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING btree ', '')"
        " FROM pg_index AS i WHERE i.indrelid = %s::regclass AND i.indisvalid",
        [table],
    ).fetchall()
    assert dict(rows) == INDEXES[table]


def test_every_foreign_key_column_leads_an_index(api_server: Connection) -> None:
    rows = api_server.execute(
        "SELECT c.conrelid::regclass::text FROM pg_constraint AS c WHERE c.contype = 'f' AND NOT EXISTS ("
        "SELECT FROM pg_index AS i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])"
    ).fetchall()
    assert rows == []


@pytest.mark.parametrize("table", TABLES)
def test_the_least_row_gets_the_defaults(
    api_server: Connection, table: str, new_user: Callable[..., str], insert: Callable[..., str]
) -> None:
    given = row_for(table, new_user(api_server))
    row_id = insert(api_server, table, given)
    assert uuid.UUID(row_id).version == 4
    [row] = api_server.execute(
        sql.SQL("SELECT to_jsonb(t) FROM public.{} AS t WHERE t.id = %s").format(sql.Identifier(table)),
        [row_id],
    ).fetchall()
    values = row[0]
    assert isinstance(values, dict)
    for column in ("created_at", "updated_at"):
        if column in TABLES[table]:
            assert values.pop(column) is not None
    expected = {
        "users": {"role": "user", "status": "active", "email_verified": False, "login_count": 0},
        "password_reset_tokens": {"used": False},
        "email_verification_tokens": {"used": False},
        "rate_limits": {"count": 1},
        "user_preferences": {"theme": "light", "language": "en", "timezone": "UTC", "notifications": {}},
    }.get(table, {})
    ungiven = {column: value for column, value in values.items() if column not in given and column != "id"}
    assert {column: value for column, value in ungiven.items() if value is not None} == expected


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
    api_server: Connection, table: str, column: str, new_user: Callable[..., str], insert: Callable[..., str]
) -> None:
    row = row_for(table, new_user(api_server)) | {column: None}
    with pytest.raises(errors.NotNullViolation) as caught:
        insert(api_server, table, row)
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
    api_server: Connection, table: str, column: str, new_user: Callable[..., str], insert: Callable[..., str]
) -> None:
    insert(api_server, table, row_for(table, new_user(api_server)) | {column: None})


@pytest.mark.parametrize(
    ("table", "column", "length"),
    [
        (table, column, int(kind.removeprefix("character varying(").removesuffix(")")))
        for table, columns in TABLES.items()
        for column, (kind, _, _) in columns.items()
        if kind.startswith("character varying")
        and (table, column) not in {("users", "role"), ("users", "status")}
    ],
)
def test_text_fits_up_to_its_length(
    api_server: Connection,
    table: str,
    column: str,
    length: int,
    new_user: Callable[..., str],
    insert: Callable[..., str],
) -> None:
    row = row_for(table, new_user(api_server))
    insert(api_server, table, row | {column: "\N{LATIN SMALL LETTER E WITH ACUTE}" * length})
    with pytest.raises(errors.StringDataRightTruncation):
        insert(api_server, table, row | {column: "\N{LATIN SMALL LETTER E WITH ACUTE}" * (length + 1)})


@pytest.mark.parametrize("role", ["user", "admin"])
def test_a_known_role_is_accepted(api_server: Connection, role: str, new_user: Callable[..., str]) -> None:
    new_user(api_server, role=role)


@pytest.mark.parametrize("role", ["", "root", "Admin", " user"])
def test_another_role_is_refused(api_server: Connection, role: str, new_user: Callable[..., str]) -> None:
    with pytest.raises(errors.CheckViolation) as caught:
        new_user(api_server, role=role)
    assert caught.value.diag.constraint_name == "users_role_check"


@pytest.mark.parametrize("status", ["active", "inactive", "suspended"])
def test_a_known_status_is_accepted(
    api_server: Connection, status: str, new_user: Callable[..., str]
) -> None:
    new_user(api_server, status=status)


@pytest.mark.parametrize("status", ["", "deleted", "ACTIVE", "active "])
def test_another_status_is_refused(api_server: Connection, status: str, new_user: Callable[..., str]) -> None:
    with pytest.raises(errors.CheckViolation) as caught:
        new_user(api_server, status=status)
    assert caught.value.diag.constraint_name == "users_status_check"


@pytest.mark.parametrize(
    ("table", "column", "name"),
    [
        ("users", "email", "users_email_key"),
        ("password_reset_tokens", "token", "idx_password_reset_tokens_token"),
        ("email_verification_tokens", "token", "idx_email_verification_tokens_token"),
        ("rate_limits", "key", "idx_rate_limits_key"),
    ],
)
def test_a_second_row_with_the_same_key_is_refused(
    api_server: Connection,
    table: str,
    column: str,
    name: str,
    new_user: Callable[..., str],
    insert: Callable[..., str],
) -> None:
    user_id = new_user(api_server)
    insert(api_server, table, row_for(table, user_id, **{column: "twin"}))
    with pytest.raises(errors.UniqueViolation) as caught:
        insert(api_server, table, row_for(table, user_id, **{column: "twin"}))
    assert caught.value.diag.constraint_name == name


def test_one_upsert_counts_a_request(api_server: Connection) -> None:
    count = (
        "INSERT INTO rate_limits (key, reset_time) VALUES ('ip:192.0.2.1', now() + interval '1 minute')"
        " ON CONFLICT (key) DO UPDATE SET count = rate_limits.count + 1 RETURNING count"
    )
    assert [api_server.execute(count).fetchall() for _ in range(3)] == [[(1,)], [(2,)], [(3,)]]


CHILDREN = ["user_sessions", "password_reset_tokens", "email_verification_tokens", "user_preferences"]


@pytest.mark.parametrize("table", [*CHILDREN, "audit_logs"])
def test_a_row_of_an_unknown_user_is_refused(
    api_server: Connection, table: str, insert: Callable[..., str]
) -> None:
    stranger = str(uuid.uuid4())
    with pytest.raises(errors.ForeignKeyViolation) as caught:
        insert(api_server, table, row_for(table, stranger) | {"user_id": stranger})
    assert caught.value.diag.constraint_name == f"{table}_user_id_fkey"


@pytest.mark.parametrize("table", CHILDREN)
def test_deleting_a_user_deletes_what_is_only_theirs(
    api_server: Connection, table: str, new_user: Callable[..., str], insert: Callable[..., str]
) -> None:
    leaving, staying = new_user(api_server), new_user(api_server)
    insert(api_server, table, row_for(table, leaving))
    kept = insert(api_server, table, row_for(table, staying))
    api_server.execute("DELETE FROM users WHERE id = %s", [leaving])
    rows = api_server.execute(sql.SQL("SELECT id::text FROM {}").format(sql.Identifier(table))).fetchall()
    assert rows == [(kept,)]


def test_deleting_a_user_keeps_the_audit_trail_without_the_name(
    api_server: Connection, new_user: Callable[..., str], insert: Callable[..., str]
) -> None:
    user_id = new_user(api_server)
    insert(api_server, "audit_logs", {"user_id": user_id, "action": "login", "resource_id": user_id})
    api_server.execute("DELETE FROM users WHERE id = %s", [user_id])
    rows = api_server.execute("SELECT user_id, resource_id::text FROM audit_logs").fetchall()
    assert rows == [(None, user_id)]


TRIGGERED = [table for table, columns in TABLES.items() if "updated_at" in columns]


@pytest.mark.parametrize("table", TRIGGERED)
def test_an_update_moves_updated_at_only(
    api_server: Connection, table: str, new_user: Callable[..., str], insert: Callable[..., str]
) -> None:
    old = "2001-01-01 00:00:00+00"
    row_id = insert(api_server, table, row_for(table, new_user(api_server), created_at=old, updated_at=old))
    table_name = sql.Identifier(table)
    # Also a value that the statement itself gives is replaced: the time is the database's.
    api_server.execute(
        sql.SQL("UPDATE {} SET updated_at = %s WHERE id = %s").format(table_name), [old, row_id]
    )
    rows = api_server.execute(
        sql.SQL(
            "SELECT created_at = %s, updated_at > now() - interval '1 hour' FROM {} WHERE id = %s"
        ).format(table_name),
        [old, row_id],
    ).fetchall()
    assert rows == [(True, True)]


def test_the_triggers_have_the_documented_kind_of_name(api_server: Connection) -> None:
    rows = api_server.execute(
        "SELECT tgrelid::regclass::text, tgname::text FROM pg_trigger WHERE NOT tgisinternal"
    ).fetchall()
    assert sorted(rows) == sorted((table, f"update_{table}_updated_at") for table in TRIGGERED)


def test_an_update_that_changes_no_row_does_nothing(api_server: Connection) -> None:
    assert api_server.execute("UPDATE users SET first_name = 'X'").rowcount == 0


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        pytest.param("user_sessions", "ip_address", "not an address", id="address"),
        pytest.param("audit_logs", "ip_address", "300.0.0.1", id="address out of range"),
        pytest.param("audit_logs", "new_values", "{broken", id="json"),
        pytest.param("audit_logs", "resource_id", "42", id="uuid"),
        pytest.param("user_preferences", "notifications", "{'a': 1}", id="json with the wrong quotes"),
    ],
)
def test_a_value_of_the_wrong_shape_is_refused(
    api_server: Connection,
    table: str,
    column: str,
    value: str,
    new_user: Callable[..., str],
    insert: Callable[..., str],
) -> None:
    with pytest.raises(errors.InvalidTextRepresentation):
        insert(api_server, table, row_for(table, new_user(api_server), **{column: value}))


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "10.0.0.0/8"])
def test_addresses_of_both_families_are_accepted(
    api_server: Connection, address: str, insert: Callable[..., str]
) -> None:
    insert(api_server, "audit_logs", {"action": "login", "ip_address": address})


def test_the_guides_remarks_are_comments(api_server: Connection) -> None:
    rows = api_server.execute(
        "SELECT c.relname, a.attname, col_description(c.oid, a.attnum)"
        " FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = 'public'::regnamespace AND col_description(c.oid, a.attnum) IS NOT NULL"
        " AND c.relname NOT LIKE '\\_runner%'"
    ).fetchall()
    comments = {(table, column): text for table, column, text in rows}
    assert comments["users", "password"] == "bcrypt hash, never the password itself"
    assert comments["user_sessions", "token_hash"] == "Hash of the JWT token"
    assert len(comments) == 14
