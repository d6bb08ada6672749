"""Databases that the documents' own statements made: adopted by the runner, they become what new ones are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors, sql

from runner.schema.catalog.differences import diff
from runner.schema.catalog.read import read as read_catalog
from runner.schema.catalog.render import render as render_catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.files.migrations.migration import Migration

Connection = psycopg.Connection[tuple[object, ...]]
Parameters = dict[str, str]

DOCUMENTS = Path(__file__).parent / "documents"
# The last file that the documents' statements stand for.
LAST = {"api_server": "0008_user_preferences", "carthub": "0004_order_items"}
UUID_TABLES = [
    "audit_logs",
    "email_verification_tokens",
    "password_reset_tokens",
    "rate_limits",
    "user_preferences",
    "user_sessions",
    "users",
]


@pytest.fixture
def documented(make_database: Callable[..., Parameters]) -> Iterator[Callable[[str], Connection]]:
    """A connection to a database that the documents' statements made."""
    connections: list[Connection] = []

    def make(name: str) -> Connection:
        connection = psycopg.connect(**make_database(), autocommit=True)
        connections.append(connection)
        connection.execute((DOCUMENTS / f"{name}.sql").read_bytes())
        return connection

    yield make
    for connection in connections:
        connection.close()


@pytest.fixture
def on(server: Parameters, runner: Callable[..., Any]) -> Callable[..., Any]:
    """Run the real command on the database of a connection."""

    def run_on(connection: Connection, *arguments: str, **options: Path) -> Any:
        return runner(server | {"dbname": connection.info.dbname}, *arguments, **options)

    return run_on


def migrate(on: Callable[..., Any], connection: Connection, name: str, **options: Path) -> dict[str, Any]:
    """Run the real `migrate` and return what it reports on the one database."""
    finished = on(connection, "migrate", "--json", "--database", name, **options)
    assert (finished.code, finished.err) == (0, "")
    [reported] = json.loads(finished.out)["databases"]
    return dict(reported)


def run(connection: Connection, files: list[Migration], file_id: str, *, undo: bool = False) -> None:
    [file] = [file for file in files if file.id == file_id]
    script = file.rollback if undo else file.apply
    assert script is not None
    connection.execute("".join(script.pieces()).encode())


def id_defaults(connection: Connection) -> dict[str, str]:
    rows = connection.execute(
        "SELECT c.relname, pg_get_expr(d.adbin, d.adrelid)"
        " FROM pg_attrdef AS d JOIN pg_class AS c ON c.oid = d.adrelid"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.adnum WHERE a.attname = 'id'"
    ).fetchall()
    return {str(table): str(default) for table, default in rows}


def test_carthub_is_found_to_be_its_first_files(
    documented: Callable[[str], Connection],
    on: Callable[..., Any],
    root: Path,
) -> None:
    connection = documented("carthub")
    connection.execute("INSERT INTO orders (customer_id, total_amount) VALUES ('a', 1.50)")

    adopted = on(connection, "baseline", "--json", "--database", "carthub")
    assert (adopted.code, adopted.err) == (0, "")
    assert json.loads(adopted.out)["recorded"] == [
        "update_updated_at_column",
        "0001_carts",
        "0002_cart_items",
        "0003_orders",
        "0004_order_items",
    ]

    migrated = migrate(on, connection, "carthub")
    assert [step["id"] for step in migrated["steps"]] == ["0005_comments"]
    assert migrated["validation"]["matches"]
    assert render_catalog(read_catalog(connection)) == (root / "sql/schema/carthub.sql").read_text("utf-8")
    assert connection.execute("SELECT customer_id FROM orders").fetchall() == [("a",)]

    again = migrate(on, connection, "carthub")
    assert (again["steps"], again["pending"], again["newest"]) == ([], 0, "0005_comments")


def test_api_server_is_adopted_with_its_differences_and_ends_as_a_new_one(
    documented: Callable[[str], Connection],
    new_user: Callable[..., str],
    on: Callable[..., Any],
    root: Path,
) -> None:
    connection = documented("api_server")
    user_id = new_user(connection, role="admin", status="suspended")
    connection.execute(
        "INSERT INTO rate_limits (key, count, reset_time) VALUES"
        " ('twin', 1, '2025-01-01'), ('twin', 2, '2025-01-03'), ('twin', 3, '2025-01-02'),"
        " ('same', 4, '2025-01-01'), ('same', 4, '2025-01-01'), ('one', 5, '2025-01-01')"
    )
    before = read_catalog(connection)
    differences = [
        *(f"changed column public.{table}.id" for table in UUID_TABLES),
        'unexpected extension "uuid-ossp"',
        "unexpected function public.cleanup_expired_tokens()",
        "unexpected function public.decrypt_sensitive_data(text)",
        "unexpected function public.encrypt_sensitive_data(text)",
    ]
    arguments = ("--database", "api_server")
    adopt = ("baseline", *arguments, "--to", LAST["api_server"])

    refused = on(connection, *adopt)
    assert (refused.code, refused.out) == (3, "")
    said = refused.err.splitlines()
    assert (
        said[0]
        == f"error: the schema of api_server differs from what the files give up to {LAST['api_server']}"
    )
    assert [line.strip() for line in said[2 : 2 + len(differences)]] == differences
    assert any(line.strip().startswith("+") for line in said[2 + len(differences) :])
    assert "--accept-differences" in said[-1]
    assert connection.execute("SELECT to_regclass('_yoyo_migration')").fetchall() == [(None,)]

    nearest = on(connection, "baseline", *arguments)
    assert (nearest.code, nearest.err) == (3, refused.err)

    accepted = on(connection, *adopt, "--json", "--accept-differences")
    assert (accepted.code, accepted.err) == (0, "")
    adoption = json.loads(accepted.out)
    assert (len(adoption["recorded"]), adoption["recorded"][-1]) == (8, LAST["api_server"])
    assert adoption["differences"] == differences
    assert diff(before, read_catalog(connection)) == []

    migrated = migrate(on, connection, "api_server")
    assert (migrated["pending"], migrated["newest"]) == (0, "0020_application_grants")
    assert migrated["validation"]["matches"]
    assert migrated["validation"]["beside"] == ['"uuid-ossp"']
    assert connection.execute("SELECT id::text FROM users").fetchall() == [(user_id,)]
    rows = connection.execute("SELECT key, count FROM rate_limits ORDER BY key").fetchall()
    assert rows == [("one", 5), ("same", 4), ("twin", 2)]

    assert migrate(on, connection, "api_server")["steps"] == []
    # It stays, as something else may call it; that nothing in the schema does shows here.
    connection.execute('DROP EXTENSION "uuid-ossp"')
    assert render_catalog(read_catalog(connection)) == (root / "sql/schema/api_server.sql").read_text("utf-8")


def test_uuid_defaults_go_and_come_back(
    documented: Callable[[str], Connection], database_files: Callable[..., list[Migration]]
) -> None:
    connection, files = documented("api_server"), database_files("api_server")
    assert id_defaults(connection) == dict.fromkeys(UUID_TABLES, "uuid_generate_v4()")
    run(connection, files, "0009_uuid_defaults")
    assert id_defaults(connection) == dict.fromkeys(UUID_TABLES, "gen_random_uuid()")
    run(connection, files, "0009_uuid_defaults", undo=True)
    assert id_defaults(connection) == dict.fromkeys(UUID_TABLES, "uuid_generate_v4()")


def test_uuid_ossp_may_live_in_a_schema_of_its_own(
    documented: Callable[[str], Connection], database_files: Callable[..., list[Migration]]
) -> None:
    connection, files = documented("api_server"), database_files("api_server")
    connection.execute('CREATE SCHEMA "Extra"')
    connection.execute('ALTER EXTENSION "uuid-ossp" SET SCHEMA "Extra"')
    before = id_defaults(connection)
    assert before["users"] == '"Extra".uuid_generate_v4()'
    run(connection, files, "0009_uuid_defaults")
    assert id_defaults(connection) == dict.fromkeys(UUID_TABLES, "gen_random_uuid()")
    connection.execute("SELECT set_config('search_path', '', false)")
    run(connection, files, "0009_uuid_defaults", undo=True)
    connection.execute("RESET search_path")
    assert id_defaults(connection) == before


def test_uuid_defaults_leave_a_new_database_alone(
    api_server: Connection, database_files: Callable[..., list[Migration]]
) -> None:
    api_server.execute("ALTER TABLE users ALTER COLUMN id SET DEFAULT '00000000-0000-0000-0000-000000000000'")
    before = id_defaults(api_server)
    rewritten = api_server.execute("SELECT oid, ctid::text FROM pg_attrdef ORDER BY oid").fetchall()
    for undo in (False, True):
        run(api_server, database_files("api_server"), "0009_uuid_defaults", undo=undo)
    assert id_defaults(api_server) == before
    assert api_server.execute("SELECT oid, ctid::text FROM pg_attrdef ORDER BY oid").fetchall() == rewritten


def test_an_unknown_value_stops_at_the_validation_and_new_ones_are_refused_already(
    documented: Callable[[str], Connection],
    database_files: Callable[..., list[Migration]],
    new_user: Callable[..., str],
) -> None:
    connection, files = documented("api_server"), database_files("api_server")
    user_id = new_user(connection, role="owner")
    run(connection, files, "0011_user_value_checks")
    with pytest.raises(errors.CheckViolation):
        new_user(connection, role="owner")
    with pytest.raises(errors.CheckViolation) as caught:
        run(connection, files, "0012_validate_user_value_checks")
    assert caught.value.diag.constraint_name == "users_role_check"
    connection.execute("UPDATE users SET role = 'admin' WHERE id = %s", [user_id])
    run(connection, files, "0012_validate_user_value_checks")


@pytest.mark.parametrize(
    ("file_id", "index", "definition"),
    [
        ("0013_unique_tokens", "idx_password_reset_tokens_token", "password_reset_tokens (token)"),
        ("0015_foreign_key_indexes", "idx_audit_logs_user_id", "audit_logs (user_id)"),
        ("0016_expiry_indexes", "idx_audit_logs_created_at", "audit_logs (created_at)"),
    ],
)
def test_an_index_that_was_built_before_is_kept_unless_it_is_invalid(
    documented: Callable[[str], Connection],
    database_files: Callable[..., list[Migration]],
    file_id: str,
    index: str,
    definition: str,
) -> None:
    connection, files = documented("api_server"), database_files("api_server")
    unique = "UNIQUE" if "unique" in file_id else ""
    connection.execute(f"CREATE {unique} INDEX CONCURRENTLY {index} ON {definition}".encode())
    # What a build that failed leaves behind, without the failing.
    connection.execute("UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = %s::regclass", [index])
    with pytest.raises(errors.ObjectNotInPrerequisiteState) as caught:
        run(connection, files, file_id)
    assert caught.value.diag.message_primary == f"index {index} is not valid"
    assert caught.value.diag.message_hint == f"DROP INDEX CONCURRENTLY {index}, then migrate again."

    connection.execute("UPDATE pg_index SET indisvalid = TRUE WHERE indexrelid = %s::regclass", [index])
    [before] = connection.execute("SELECT %s::regclass::oid", [index]).fetchall()
    run(connection, files, file_id)
    assert connection.execute("SELECT %s::regclass::oid", [index]).fetchall() == [before]


def test_the_guides_own_user_and_grants_and_triggers_are_no_obstacle(
    documented: Callable[[str], Connection],
    own_role: tuple[str, Path],
    on: Callable[..., Any],
) -> None:
    role, root = own_role
    connection = documented("api_server")
    trigger = "BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()"
    for statement in (
        f"CREATE USER {role} WITH PASSWORD 'secure_password'",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"GRANT EXECUTE ON FUNCTION cleanup_expired_tokens() TO {role}",
        f"REVOKE CREATE ON SCHEMA public FROM {role}",
        f"CREATE TRIGGER update_users_updated_at {trigger}",
    ):
        connection.execute(statement.encode())
    adopt = ("--to", LAST["api_server"], "--accept-differences")
    adopted = on(connection, "baseline", "--database", "api_server", *adopt, root=root)
    assert (adopted.code, adopted.err) == (0, "")
    assert migrate(on, connection, "api_server", root=root)["validation"]["matches"]
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    assert len(connection.execute("SELECT * FROM cleanup_expired_tokens()").fetchall()) == 4
    connection.execute("RESET ROLE")
    # So that the role can be dropped before its database is.
    connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
