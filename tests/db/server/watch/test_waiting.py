"""Who keeps a statement waiting, and who waits behind it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from runner.events import Over, Unseen, Waiting


@pytest.fixture
def table(connect):
    connect().execute("CREATE SCHEMA app; CREATE TABLE app.orders (id int PRIMARY KEY, note text)")
    return "app.orders"


def test_an_idle_transaction_is_named_with_what_it_did_last(connect, watching, table):
    holder = connect(application_name="psql")
    with holder.transaction():
        holder.execute("SELECT note FROM app.orders WHERE id = 4711 AND note = 'a secret'")
        watching.start(connect, "ALTER TABLE app.orders ADD COLUMN total int")
        seen = watching.until(Waiting)
        again = watching.until(Waiting)
    watching.finish()
    assert (seen.what, seen.kind, seen.mode, seen.wanted) == (
        "0001_a",
        "relation",
        "ACCESS EXCLUSIVE",
        "app.orders",
    )
    assert seen.queued_behind == 0
    assert 0 <= seen.waited_s < again.waited_s
    (found,) = seen.holders
    assert found.pid == holder.info.backend_pid
    assert found.user == holder.info.user
    assert (found.application, found.background, found.state) == ("psql", None, "idle in transaction")
    assert found.transaction_age_s is not None
    assert found.transaction_age_s >= seen.waited_s
    assert found.statement == "SELECT note FROM app.orders WHERE id = ? AND note = ?"
    assert found.direct
    assert found.visible
    assert found.waits_for == ()


def test_it_ends_with_its_statement_and_gives_the_connection_back(connect, watching, table):
    with connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE app.orders")
        watching.start(connect, "LOCK TABLE app.orders; SELECT 1")
        watching.until(Waiting)
        holder.execute("SELECT 1")
    watching.finish()
    last = watching.until(Over)
    assert last.what == "0001_a"
    assert watching.seen.empty()
    assert watching.connections == 1


def test_the_root_of_a_chain_comes_first(connect, watching, blocked, table):
    root, between = connect(), connect()
    with root.transaction():
        root.execute("SELECT 1 FROM app.orders")
        blocked(between, "BEGIN; LOCK TABLE app.orders")
        watching.start(connect, "ALTER TABLE app.orders ADD COLUMN total int")
        seen = watching.until(Waiting)
        first, second = seen.holders
        assert (first.pid, first.waits_for) == (root.info.backend_pid, ())
        assert (second.pid, second.waits_for) == (between.info.backend_pid, (root.info.backend_pid,))
        assert first.direct
        assert second.direct


def test_a_root_that_blocks_only_by_way_of_another_is_found(connect, watching, blocked, table):
    connect().execute("CREATE TABLE app.items ()")
    root, between = connect(), connect()
    with root.transaction(), between.transaction():
        root.execute("LOCK TABLE app.items")
        between.execute("LOCK TABLE app.orders")
        blocked(between, "LOCK TABLE app.items")
        watching.start(connect, "ALTER TABLE app.orders ADD COLUMN total int")
        seen = watching.until(Waiting)
        first, second = seen.holders
        assert (first.pid, first.direct) == (root.info.backend_pid, False)
        assert (second.pid, second.direct) == (between.info.backend_pid, True)
        root.cancel_safe()
        between.cancel_safe()


def test_those_who_wait_behind_us_are_counted_one_behind_another(connect, watching, blocked, table):
    connect().execute("CREATE TABLE app.items ()")
    holder, reader, chained = connect(), connect(), connect()
    with holder.transaction():
        holder.execute("SELECT 1 FROM app.orders")
        watching.start(connect, "ALTER TABLE app.orders ADD COLUMN total int")
        watching.until(Waiting, lambda seen: seen.queued_behind == 0)
        reader.execute("BEGIN; LOCK TABLE app.items")
        blocked(reader, "SELECT 1 FROM app.orders")
        watching.until(Waiting, lambda seen: seen.queued_behind == 1)
        blocked(chained, "SELECT 1 FROM app.items")
        watching.until(Waiting, lambda seen: seen.queued_behind == 2)


def test_an_index_built_beside_an_old_snapshot_names_who_has_it(connect, watching, table):
    old = connect(application_name="report")
    with old.transaction():
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        watching.start(connect, "CREATE INDEX CONCURRENTLY orders_note_idx ON app.orders (note)")
        seen = watching.until(Waiting, lambda seen: seen.kind == "virtualxid" and seen.progress is not None)
        assert [holder.application for holder in seen.holders] == ["report"]
        assert seen.wanted is None
        assert seen.progress is not None
        assert seen.progress.command == "CREATE INDEX CONCURRENTLY"
        assert seen.progress.relation == "app.orders"
        assert seen.progress.phase == "waiting for old snapshots"
        assert (seen.progress.done, seen.progress.total, seen.progress.unit) == (0, 1, "transactions")
    watching.finish()


@pytest.mark.parametrize(
    ("held", "wanted", "kind", "name"),
    [
        pytest.param(
            "SELECT pg_advisory_xact_lock(77)",
            "SELECT pg_advisory_xact_lock(77)",
            "advisory",
            "77",
            id="advisory",
        ),
        pytest.param(
            "SELECT pg_advisory_xact_lock(7, 8)",
            "SELECT pg_advisory_xact_lock(7, 8)",
            "advisory",
            "(7, 8)",
            id="advisory, two keys",
        ),
        pytest.param(
            "INSERT INTO app.orders VALUES (1)",
            "INSERT INTO app.orders VALUES (1)",
            "transactionid",
            None,
            id="unique key",
        ),
        pytest.param("CREATE TABLE app.x ()", "DROP SCHEMA app CASCADE", "object", "schema app", id="schema"),
    ],
)
def test_what_is_waited_for_is_named(connect, watching, table, held, wanted, kind, name):
    holder = connect()
    with holder.transaction():
        holder.execute(held.encode())
        watching.start(connect, f"BEGIN; {wanted}; ROLLBACK")
        seen = watching.until(Waiting)
        assert (seen.kind, seen.wanted) == (kind, name)
        assert [found.pid for found in seen.holders] == [holder.info.backend_pid]
    watching.finish()


@pytest.fixture
def preparing(new_server) -> Iterator[dict[str, str]]:
    """A server that takes prepared transactions."""
    server = new_server()
    started = server.start(tcp=True)
    parameters = {**started.parameters, "password": started.password.reveal(), "dbname": "postgres"}
    with psycopg.connect(**parameters, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET max_prepared_transactions = 2")
    server.stop()
    again = server.start(tcp=True)
    yield {**parameters, **again.parameters, "dbname": "postgres"}
    server.stop()


def test_a_prepared_transaction_is_named(preparing, watch_over):
    with psycopg.connect(**preparing, autocommit=True) as admin:
        admin.execute("CREATE TABLE orders (id int)")
        admin.execute("BEGIN; SELECT 1 FROM orders; PREPARE TRANSACTION 'forgotten'")
        admin.execute("BEGIN; SELECT 1; PREPARE TRANSACTION 'other'")
        watching = watch_over(psycopg.connect(**preparing, autocommit=True))
        watching.start(lambda: psycopg.connect(**preparing, autocommit=True), "DROP TABLE orders")
        (found,) = watching.until(Waiting).holders
        assert (found.pid, found.prepared, found.user) == (None, "forgotten", "postgres")
        assert found.visible
        admin.execute("ROLLBACK PREPARED 'forgotten'")
        admin.execute("ROLLBACK PREPARED 'other'")
        watching.finish()
        watching.conn.close()


@pytest.fixture
def limited(connect, database):
    """A role that may log in twice at most and sees nobody else's statements."""
    admin = connect()
    name = f"limited_{database['dbname']}"
    admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'limited'").format(sql.Identifier(name)))
    admin.execute(sql.SQL("GRANT ALL ON SCHEMA app, public TO {}").format(sql.Identifier(name)))
    admin.execute(sql.SQL("ALTER TABLE app.orders OWNER TO {}").format(sql.Identifier(name)))
    yield name
    admin.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(name)))
    admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_a_role_without_privileges_learns_who_but_not_what(connect, watching, table, limited):
    holder = connect(application_name="psql")
    with holder.transaction():
        holder.execute("SELECT 1 FROM app.orders")
        watching.start(
            lambda: connect(user=limited, password="limited"), "ALTER TABLE app.orders ADD COLUMN total int"
        )
        (found,) = watching.until(Waiting).holders
    watching.finish()
    assert (found.pid, found.user, found.application) == (
        holder.info.backend_pid,
        holder.info.user,
        "psql",
    )
    assert (found.state, found.transaction_age_s, found.statement) == (None, None, None)
    assert not found.visible


def test_without_a_connection_left_the_run_goes_on_and_the_reason_is_told_once_asked(
    connect, database, watching, table, limited
):
    connect().execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT 0").format(sql.Identifier(limited)))
    holder = connect()
    with holder.transaction():
        holder.execute("SELECT 1 FROM app.orders")
        watching.start(
            lambda: connect(user=limited, password="limited"),
            "ALTER TABLE app.orders ADD COLUMN total int",
            max_blocked=1,
        )
        assert "too many connections for role" in watching.until(Unseen).reason
        watching.until(Unseen)
    watching.finish()
    assert watching.errors == []
    assert watching.connections == 1


def test_a_watch_that_loses_its_connection_makes_a_new_one(connect, watching, table):
    holder = connect()
    with holder.transaction():
        holder.execute("SELECT 1 FROM app.orders")
        watching.start(
            lambda: connect(application_name="runner watch"), "ALTER TABLE app.orders ADD COLUMN a int"
        )
        watching.until(Waiting)
        connect().execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'runner watch' AND datname = current_database()"
        )
        watching.until(Unseen)
        watching.until(Waiting)
    watching.finish()
    assert watching.errors == []
    assert watching.connections == 2
