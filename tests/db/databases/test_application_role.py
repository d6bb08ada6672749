"""api_server: the role belongs to the whole cluster, and several databases make, share and drop it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors, sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Connection = psycopg.Connection[tuple[object, ...]]
Parameters = dict[str, str]

ROLE_FILE = "migrations/api_server/0019_application_role.sql"


@contextmanager
def session(parameters: Parameters, **options: str) -> Iterator[Connection]:
    settings = " ".join(
        f"-c {name}={value}" for name, value in ({"statement_timeout": "20s"} | options).items()
    )
    with psycopg.connect(**parameters, autocommit=True, options=settings) as connection:
        yield connection


def up(connection: Connection, root: Path) -> None:
    connection.execute((root / ROLE_FILE).read_bytes())


def down(connection: Connection, root: Path) -> list[str]:
    """Roll the file back and return what it said."""
    said: list[str] = []
    connection.add_notice_handler(lambda diagnostic: said.append(str(diagnostic.message_primary)))
    connection.execute((root / ROLE_FILE).with_suffix(".rollback.sql").read_bytes())
    return said


def exists(connection: Connection, role: str) -> bool:
    return connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None


@contextmanager
def meanwhile(work: Callable[[], object], *, until_waiting: int, observer: Connection) -> Iterator[None]:
    """Run `work` in a thread, wait until session `until_waiting` waits for a lock, run the block, join."""
    waiting = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        while observer.execute(waiting, [until_waiting]).fetchone() is None:
            assert not working.done(), f"it ended without waiting: {working.exception()}"
        yield
        working.result()


def test_the_role_can_do_nothing_by_itself(
    own_role: tuple[str, Path], make_database: Callable[..., Parameters]
) -> None:
    role, root = own_role
    with session(make_database()) as connection:
        up(connection, root)
        rows = connection.execute(
            "SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,"
            " rolpassword FROM pg_authid WHERE rolname = %s",
            [role],
        ).fetchall()
        assert rows == [(False, False, False, False, False, False, None)]


def test_connect_is_granted_by_the_databases_name(
    server: Parameters, own_role: tuple[str, Path], make_database: Callable[..., Parameters]
) -> None:
    role, root = own_role
    parameters = make_database()
    odd = f'{parameters["dbname"]} "Odd" %I $1'
    with session(server) as admin:
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        admin.execute(rename.format(sql.Identifier(parameters["dbname"]), sql.Identifier(odd)))
        try:
            with session(parameters | {"dbname": odd}) as connection:
                connection.execute(
                    sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(odd))
                )
                up(connection, root)
                can_connect = "SELECT has_database_privilege(%s, current_database(), 'CONNECT')"
                assert connection.execute(can_connect, [role]).fetchall() == [(True,)]
        finally:
            admin.execute(rename.format(sql.Identifier(odd), sql.Identifier(parameters["dbname"])))


def test_a_role_that_is_there_is_used_as_it_is(
    own_role: tuple[str, Path], make_database: Callable[..., Parameters]
) -> None:
    """The guide makes it a user with a password: the services must go on logging in."""
    role, root = own_role
    with session(make_database()) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(role)))
        connection.execute(sql.SQL("GRANT CREATE ON SCHEMA public TO {}").format(sql.Identifier(role)))
        up(connection, root)
        rows = connection.execute(
            "SELECT rolcanlogin, has_schema_privilege(oid, 'public', 'CREATE'),"
            " has_schema_privilege(oid, 'public', 'USAGE') FROM pg_roles WHERE rolname = %s",
            [role],
        ).fetchall()
        assert rows == [(True, False, True)]
        assert down(connection, root) == [f"role {role} stays: it can log in"]
        assert exists(connection, role)


def test_without_createrole_a_role_that_is_there_is_enough(
    own_role: tuple[str, Path],
    other_role: Callable[[str], str],
    make_database: Callable[..., Parameters],
    build: Callable[..., None],
    server: Parameters,
) -> None:
    """The whole set of files, by a role that owns the database and is otherwise nobody."""
    role, root = own_role
    owner = other_role("LOGIN NOCREATEROLE")
    with session(server) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    parameters = make_database(owner=owner) | {"user": owner}
    with session(parameters | {"user": server["user"]}) as admin:
        version = admin.info.server_version
        if version < 150000:
            # From 15 on the owner of the database owns schema public; before, somebody had to give it.
            admin.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(sql.Identifier(owner)))
    build(parameters, "api_server", root=root)
    with session(parameters | {"user": server["user"]}) as connection:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        assert connection.execute("SELECT count(*) FROM users").fetchall() == [(0,)]
    with session(parameters) as connection:
        connection.execute((root / ROLE_FILE).with_name("0020_application_grants.rollback.sql").read_bytes())
        said = down(connection, root)
        # Either the functions' grants or the missing right to drop it keeps the role.
        assert said
        assert said[0].startswith(f"role {role} stays: ")


def test_without_createrole_a_missing_role_is_named(
    own_role: tuple[str, Path], other_role: Callable[[str], str], make_database: Callable[..., Parameters]
) -> None:
    role, root = own_role
    owner = other_role("LOGIN NOCREATEROLE")
    with session(make_database(owner=owner) | {"user": owner}) as connection:
        with pytest.raises(errors.InsufficientPrivilege) as caught:
            up(connection, root)
        assert caught.value.diag.message_primary == f"role {role} is missing and {owner} may not create it"
        assert f"CREATE ROLE {role} NOLOGIN" in str(caught.value.diag.message_hint)
        assert not exists(connection, role)


def test_with_createrole_alone_it_is_made_and_dropped(
    own_role: tuple[str, Path], other_role: Callable[[str], str], make_database: Callable[..., Parameters]
) -> None:
    """From PostgreSQL 16 on its maker is a member of it, which is no reason to keep it."""
    role, root = own_role
    owner = other_role("LOGIN CREATEROLE")
    with session(make_database(owner=owner) | {"user": owner}) as connection:
        if connection.info.server_version < 150000:
            pytest.skip("before PostgreSQL 15 the owner of a database does not own schema public")
        up(connection, root)
        assert exists(connection, role)
        assert down(connection, root) == []
        assert not exists(connection, role)


def test_a_schema_that_stays_open_to_all_is_refused(
    own_role: tuple[str, Path],
    other_role: Callable[[str], str],
    make_database: Callable[..., Parameters],
    server: Parameters,
) -> None:
    """A REVOKE by a role that does not own the schema is only a warning: it would stay open unnoticed."""
    role, root = own_role
    migrator = other_role("LOGIN CREATEROLE")
    parameters = make_database()
    with session(parameters) as admin:
        admin.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
    with session(parameters | {"user": migrator}) as connection:
        with pytest.raises(errors.InsufficientPrivilege) as caught:
            up(connection, root)
        assert caught.value.diag.message_primary == "every role may still create objects in schema public"
        assert not exists(connection, role)


def test_a_schema_that_was_open_to_all_is_closed(
    own_role: tuple[str, Path], other_role: Callable[[str], str], make_database: Callable[..., Parameters]
) -> None:
    """As databases are that come from PostgreSQL 14 or before."""
    _, root = own_role
    stranger = other_role("NOLOGIN")
    with session(make_database()) as connection:
        connection.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        up(connection, root)
        may_create = "SELECT has_schema_privilege(%s, 'public', 'CREATE')"
        assert connection.execute(may_create, [stranger]).fetchall() == [(False,)]


def test_two_databases_that_make_it_at_once_both_succeed(
    own_role: tuple[str, Path], make_database: Callable[..., Parameters], server: Parameters
) -> None:
    role, root = own_role
    with session(make_database()) as first, session(make_database()) as second, session(server) as observer:
        first.execute("BEGIN")
        up(first, root)
        with meanwhile(lambda: up(second, root), until_waiting=second.info.backend_pid, observer=observer):
            first.execute("COMMIT")
        assert exists(observer, role)


def test_the_second_makes_it_when_the_first_fails(
    own_role: tuple[str, Path], make_database: Callable[..., Parameters], server: Parameters
) -> None:
    role, root = own_role
    with session(make_database()) as first, session(make_database()) as second, session(server) as observer:
        first.execute("BEGIN")
        up(first, root)
        with meanwhile(lambda: up(second, root), until_waiting=second.info.backend_pid, observer=observer):
            first.execute("ROLLBACK")
        assert exists(observer, role)


def test_a_role_that_another_database_drops_at_that_moment_is_made_again(
    own_role: tuple[str, Path], make_database: Callable[..., Parameters], server: Parameters
) -> None:
    role, root = own_role
    with session(make_database()) as first, session(make_database()) as second, session(server) as observer:
        up(first, root)
        first.execute("BEGIN")
        assert down(first, root) == []
        with meanwhile(lambda: up(second, root), until_waiting=second.info.backend_pid, observer=observer):
            first.execute("COMMIT")
        assert exists(observer, role)


def test_it_stays_until_the_last_database_lets_go(
    own_role: tuple[str, Path], make_database: Callable[..., Parameters]
) -> None:
    role, root = own_role
    with session(make_database()) as first, session(make_database()) as second:
        up(first, root)
        up(second, root)
        [said] = down(first, root)
        assert said.startswith(f"role {role} stays: ")
        assert exists(first, role)
        rows = first.execute(
            "SELECT FROM pg_shdepend WHERE refobjid = %s::regrole AND dbid = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())",
            [role],
        ).fetchall()
        assert rows == []
        assert down(second, root) == []
        assert not exists(first, role)


def test_it_stays_while_another_database_is_granting_to_it(
    own_role: tuple[str, Path], make_database: Callable[..., Parameters]
) -> None:
    role, root = own_role
    with session(make_database()) as first, session(make_database(), lock_timeout="200ms") as second:
        up(second, root)
        first.execute("BEGIN")
        up(first, root)
        assert down(second, root) == [f"role {role} stays: canceling statement due to lock timeout"]
        first.execute("COMMIT")
        assert exists(second, role)


def test_it_stays_while_it_has_members(
    own_role: tuple[str, Path], other_role: Callable[[str], str], make_database: Callable[..., Parameters]
) -> None:
    role, root = own_role
    member = other_role("LOGIN")
    with session(make_database()) as connection:
        up(connection, root)
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(member)))
        assert down(connection, root) == [f"role {role} stays: it has members"]
        connection.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(role), sql.Identifier(member)))


def test_a_member_that_logs_in_can_work(
    own_role: tuple[str, Path],
    other_role: Callable[[str], str],
    make_database: Callable[..., Parameters],
    build: Callable[..., None],
) -> None:
    role, root = own_role
    parameters = make_database()
    build(parameters, "api_server", root=root)
    member = other_role("LOGIN")
    with session(parameters) as admin:
        admin.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(member)))
    with session(parameters | {"user": member}) as connection:
        connection.execute("INSERT INTO rate_limits (key, reset_time) VALUES ('a', now())")
