"""Databases that the documents' own statements made: the later files bring them to the schema of new ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


def adopt(connection: Connection, files: list, last: str) -> None:
    """Apply what `runner migrate` applies after a baseline at `last`: every function, and the later files."""
    versioned = [file.id for file in files if "migrations" in file.path.parts]
    covered = set(versioned[: versioned.index(last) + 1])
    for file in files:
        if file.id not in covered:
            connection.execute(file.sql.encode())


def run(connection: Connection, files: list, file_id: str, *, undo: bool = False) -> None:
    [file] = [file for file in files if file.id == file_id]
    connection.execute((file.rollback if undo else file.sql).encode())


def id_defaults(connection: Connection) -> dict[str, str]:
    rows = connection.execute(
        "SELECT c.relname, pg_get_expr(d.adbin, d.adrelid)"
        " FROM pg_attrdef AS d JOIN pg_class AS c ON c.oid = d.adrelid"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.adnum WHERE a.attname = 'id'"
    ).fetchall()
    return {str(table): str(default) for table, default in rows}


def test_the_first_files_of_carthub_are_its_documentation(
    documented: Callable[[str], Connection],
    make_database: Callable[..., Parameters],
    build: Callable[..., None],
    catalogue: Callable[[Connection], list[str]],
) -> None:
    parameters = make_database()
    build(parameters, "carthub", through=LAST["carthub"])
    with psycopg.connect(**parameters) as built:
        assert catalogue(documented("carthub")) == catalogue(built)


def test_the_first_files_of_api_server_are_the_guide_but_for_the_ids(
    documented: Callable[[str], Connection],
    make_database: Callable[..., Parameters],
    build: Callable[..., None],
    catalogue: Callable[[Connection], list[str]],
) -> None:
    parameters = make_database()
    build(parameters, "api_server", through=LAST["api_server"])

    with psycopg.connect(**parameters) as built:
        guide = documented("api_server")
        theirs = [line for line in catalogue(guide) if not line.startswith(("routine", "grant on "))]
        ours = [line for line in catalogue(built) if not line.startswith(("routine", "grant on "))]
    assert sorted(set(theirs) - set(ours)) == [
        *(f"column {table} 1 id uuid t uuid_generate_v4()" for table in UUID_TABLES),
        "extension uuid-ossp in public",
    ]
    assert sorted(set(ours) - set(theirs)) == [
        f"column {table} 1 id uuid t gen_random_uuid()" for table in UUID_TABLES
    ]


@pytest.mark.parametrize("name", ["api_server", "carthub"])
def test_an_adopted_database_ends_as_a_new_one(
    documented: Callable[[str], Connection],
    make_database: Callable[..., Parameters],
    build: Callable[..., None],
    database_files: Callable[..., list],
    catalogue: Callable[[Connection], list[str]],
    name: str,
) -> None:
    new = make_database()
    build(new, name)
    adopted = documented(name)
    adopt(adopted, database_files(name), LAST[name])
    with psycopg.connect(**new) as connection:
        expected = catalogue(connection)
    if name == "api_server":
        # It stays, as something else may call it; that nothing in the schema does shows here.
        assert "extension uuid-ossp in public" in catalogue(adopted)
        adopted.execute('DROP EXTENSION "uuid-ossp"')
    assert catalogue(adopted) == expected


def test_rows_survive_the_adoption(
    documented: Callable[[str], Connection], database_files: Callable[..., list], new_user: Callable[..., str]
) -> None:
    connection = documented("api_server")
    user_id = new_user(connection, role="admin", status="suspended")
    connection.execute(
        "INSERT INTO rate_limits (key, count, reset_time) VALUES"
        " ('twin', 1, '2025-01-01'), ('twin', 2, '2025-01-03'), ('twin', 3, '2025-01-02'),"
        " ('same', 4, '2025-01-01'), ('same', 4, '2025-01-01'), ('one', 5, '2025-01-01')"
    )
    adopt(connection, database_files("api_server"), LAST["api_server"])
    assert connection.execute("SELECT id::text FROM users").fetchall() == [(user_id,)]
    rows = connection.execute("SELECT key, count FROM rate_limits ORDER BY key").fetchall()
    assert rows == [("one", 5), ("same", 4), ("twin", 2)]


def test_uuid_defaults_go_and_come_back(
    documented: Callable[[str], Connection], database_files: Callable[..., list]
) -> None:
    connection, files = documented("api_server"), database_files("api_server")
    assert id_defaults(connection) == dict.fromkeys(UUID_TABLES, "uuid_generate_v4()")
    run(connection, files, "0009_uuid_defaults")
    assert id_defaults(connection) == dict.fromkeys(UUID_TABLES, "gen_random_uuid()")
    run(connection, files, "0009_uuid_defaults", undo=True)
    assert id_defaults(connection) == dict.fromkeys(UUID_TABLES, "uuid_generate_v4()")


def test_uuid_ossp_may_live_in_a_schema_of_its_own(
    documented: Callable[[str], Connection], database_files: Callable[..., list]
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
    make_database: Callable[..., Parameters],
    build: Callable[..., None],
    database_files: Callable[..., list],
    catalogue: Callable[[Connection], list[str]],
) -> None:
    parameters, files = make_database(), database_files("api_server")
    build(parameters, "api_server", through=LAST["api_server"])
    with psycopg.connect(**parameters, autocommit=True) as connection:
        connection.execute(
            "ALTER TABLE users ALTER COLUMN id SET DEFAULT '00000000-0000-0000-0000-000000000000'"
        )
        before = catalogue(connection)
        rewritten = connection.execute("SELECT xmin::text FROM pg_attrdef ORDER BY oid").fetchall()
        run(connection, files, "0009_uuid_defaults")
        run(connection, files, "0009_uuid_defaults", undo=True)
        assert catalogue(connection) == before
        assert connection.execute("SELECT xmin::text FROM pg_attrdef ORDER BY oid").fetchall() == rewritten


def test_an_unknown_value_stops_at_the_validation_and_new_ones_are_refused_already(
    documented: Callable[[str], Connection], database_files: Callable[..., list], new_user: Callable[..., str]
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
    database_files: Callable[..., list],
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


def test_triggers_that_are_there_already_are_no_obstacle(
    documented: Callable[[str], Connection], database_files: Callable[..., list]
) -> None:
    connection = documented("api_server")
    connection.execute(
        "CREATE TRIGGER update_users_updated_at BEFORE UPDATE ON users"
        " FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()"
    )
    adopt(connection, database_files("api_server"), LAST["api_server"])


def test_the_guides_own_grants_and_user_are_no_obstacle(
    documented: Callable[[str], Connection],
    own_role: tuple[str, Path],
    database_files: Callable[..., list],
) -> None:
    role, root = own_role
    connection = documented("api_server")
    for statement in (
        f"CREATE USER {role} WITH PASSWORD 'secure_password'",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"GRANT EXECUTE ON FUNCTION cleanup_expired_tokens() TO {role}",
        f"REVOKE CREATE ON SCHEMA public FROM {role}",
    ):
        connection.execute(statement.encode())
    adopt(connection, database_files("api_server", root), LAST["api_server"])
    connection.execute(f"SET ROLE {role}".encode())
    assert len(connection.execute("SELECT * FROM cleanup_expired_tokens()").fetchall()) == 4
    connection.execute("RESET ROLE")
    # So that the role can be dropped before its database is.
    connection.execute(f"DROP OWNED BY {role}".encode())
