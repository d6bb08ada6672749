"""Sessions end when they should, and every refusal has its own answer."""

from __future__ import annotations

import json
import socket
import struct
import threading
import traceback
from contextlib import closing, contextmanager, suppress

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from runner.errors import ConfigurationError, CredentialsError, UnreachableError
from runner.limits import Limits
from runner.report.failure import error_as_json, error_as_text
from runner.report.terminal import Style
from runner.server.connection import connect, exec_environment
from runner.server.connection.refusals import refusal_of
from runner.server.credentials import Target
from runner.settings import Secret

PASSWORD = "@:/?#%&'\" \\ é ß"


def target_of(parameters, **more):
    changed = {**parameters, **{key: value for key, value in more.items() if key != "refresh"}}
    password = changed.pop("password", "")
    return Target(
        parameters={key: value for key, value in changed.items() if value},
        password=Secret(password) if password else None,
        source="DATABASE_URL",
        refresh=more.get("refresh"),
    )


def refused(target, kind, **options):
    """Connect, expect an error, and look for the password wherever it could be shown."""
    with pytest.raises(kind) as caught:
        connect(target, **{"connect_timeout_s": 5, **options}).close()
    error = caught.value
    assert type(error) is kind
    shown = "".join(traceback.format_exception(error)) + repr(error.__dict__)
    shown += error_as_text(error, Style()) + json.dumps(error_as_json(error), ensure_ascii=False)
    if target.password is not None:
        assert target.password.reveal() not in shown
    assert error.detail.endswith(".")
    assert error.hint
    assert error.exit_code == (4 if kind is UnreachableError else 2)
    return error


@pytest.fixture
def app(private_server):
    """Parameters of a role with an awkward password."""
    with psycopg.connect(**private_server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE app LOGIN PASSWORD {}").format(PASSWORD))
        admin.execute("CREATE DATABASE shop OWNER app")
    return {**private_server, "user": "app", "password": PASSWORD, "dbname": "shop"}


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


def error(text, sqlstate="XX000"):
    return message(b"E", f"SFATAL\0VFATAL\0C{sqlstate}\0M{text}\0\0".encode())


READY = message(b"R", struct.pack("!i", 0)) + message(b"Z", b"I")
ASK_PASSWORD = message(b"R", struct.pack("!i", 3))


@contextmanager
def scripted(*answers):
    """Listen, and answer each connection's messages one by one, then close it. Yields keywords for it."""
    received = []

    def serve(listener):
        for answer in answers:
            client, _ = listener.accept()
            with client:
                for step in answer:
                    received.append(client.recv(8192))
                    client.sendall(step)
                if any(answer):
                    client.recv(8192)  # the client says good-bye

    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker = threading.Thread(target=serve, args=[listener], daemon=True)
        worker.start()
        parameters = {
            "host": "127.0.0.1",
            "port": str(listener.getsockname()[1]),
            "user": "app",
            "dbname": "shop",
        }
        yield {**parameters, "sslmode": "disable", "gssencmode": "disable"}, received
        worker.join(10)


def test_a_session_has_its_limits_and_keeps_them_after_reset(database):
    limits = Limits(lock_timeout_ms=1234, statement_timeout_ms=60_000)
    with closing(
        connect(target_of(database), application_name="runner migrate", limits=limits)
    ) as connection:
        assert connection.autocommit
        assert connection.prepare_threshold is None
        connection.execute("SET lock_timeout = 0; SET application_name = 'x'")
        connection.execute("SET client_connection_check_interval = 0")
        connection.execute("RESET ALL")
        settings = {
            name: connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]
            for name in (
                "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout",
                "client_connection_check_interval", "application_name", "client_encoding",
            )
        }  # fmt: skip
    assert settings == {
        "lock_timeout": "1234ms",
        "statement_timeout": "1min",
        "idle_in_transaction_session_timeout": "5min",
        "client_connection_check_interval": "1s",
        "application_name": "runner migrate",
        "client_encoding": "UTF8",
    }


def test_the_targets_own_options_win(database):
    target = target_of(database, options="-c lock_timeout=7s -c search_path=app,\\ public")
    with closing(connect(target)) as connection:
        row = connection.execute(
            "SELECT current_setting('lock_timeout'), current_setting('search_path')"
        ).fetchone()
    assert row == ("7s", "app, public")


def test_a_password_travels_as_it_is(app):
    with closing(connect(target_of(app))) as connection:
        assert connection.execute("SELECT current_user, current_database()").fetchone() == ("app", "shop")


def test_a_password_rotated_since_it_was_read_is_looked_up_once_more(app):
    asked = []

    def refresh():
        asked.append(1)
        return target_of(app, password=PASSWORD)

    with closing(connect(target_of(app, password="before", refresh=refresh))) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("app",)
    assert len(asked) == 1


def test_a_password_is_looked_up_once_and_no_more(app):
    asked = []

    def refresh():
        asked.append(1)
        return target_of(app, password="wrong too")

    failed = refused(target_of(app, password="wrong", refresh=refresh), CredentialsError)
    assert (failed.message.split(" at ")[0], failed.sqlstate) == (
        "password authentication failed for user 'app'",
        "28P01",
    )
    assert len(asked) == 1


def test_a_refusal_in_another_language_is_looked_up_too():
    said = error("Passwort-Authentifizierung für Benutzer »app« fehlgeschlagen", "28P01")
    # the second connection asks for the SQLSTATE, which libpq does not tell otherwise
    with scripted([ASK_PASSWORD, said], [ASK_PASSWORD, said], [ASK_PASSWORD, READY]) as (
        parameters,
        received,
    ):
        target = target_of(
            parameters, password="before", refresh=lambda: target_of(parameters, password="after")
        )
        with pytest.raises(ConfigurationError, match="is PostgreSQL 0, and 14 is the oldest supported"):
            connect(target)
    assert [b"before" in part or b"after" in part for part in received] == [False, True] * 3


def test_a_target_without_a_lasting_password_is_refreshed_for_each_connect(app):
    asked = []

    def mint():
        asked.append(1)
        return target_of(app)

    lasting = target_of(app, password="", refresh=mint)
    for _ in range(2):
        connect(lasting).close()
    assert len(asked) == 2


def test_an_unknown_host():
    failed = refused(
        target_of({"host": "no-such-host.invalid", "port": "5432", "user": "app", "dbname": "shop"}),
        UnreachableError,
    )
    assert failed.message == "cannot resolve the host name in no-such-host.invalid:5432"
    assert "DNS, UDP and TCP 53" in failed.hint


def test_a_port_where_nothing_listens():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        failed = refused(
            target_of({"host": "127.0.0.1", "port": str(port), "user": "app", "dbname": "shop"}),
            UnreachableError,
        )
    assert failed.message == f"nothing listens at 127.0.0.1:{port}"


def test_a_socket_that_is_not_there(tmp_path):
    failed = refused(target_of({"host": str(tmp_path), "user": "app", "dbname": "shop"}), UnreachableError)
    assert failed.message == f"no server listens on the socket in {tmp_path}"


def test_a_server_that_never_answers():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        target = target_of({"host": "127.0.0.1", "port": str(port), "user": "app", "dbname": "shop"})
        failed = refused(target, UnreachableError, connect_timeout_s=2)
    assert failed.message == f"the server at 127.0.0.1:{port} does not answer in time"


def test_a_connection_that_is_closed_before_an_answer():
    with scripted([b""]) as (parameters, _):
        failed = refused(target_of(parameters), UnreachableError)
    assert failed.message.endswith("closed the connection without an answer")


def test_a_wrong_password(app):
    failed = refused(target_of(app, password="wrong password"), CredentialsError)
    assert failed.message == f"password authentication failed for user 'app' at 127.0.0.1:{app['port']}"
    assert failed.detail == 'password authentication failed for user "app".'
    assert "DATABASE_URL gives" in failed.hint


def test_no_password_where_one_is_needed(app, monkeypatch, tmp_path):
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    failed = refused(target_of(app, password=""), CredentialsError)
    assert failed.message.endswith("asks for a password for 'app', and DATABASE_URL has none")


def test_a_database_that_is_missing(app):
    failed = refused(target_of(app, dbname="shops"), CredentialsError)
    assert (failed.message, failed.sqlstate) == (
        f"there is no database 'shops' at 127.0.0.1:{app['port']}",
        "3D000",
    )


def once_there_is_room(app):
    """Connect as soon as the session that was refused before no longer counts."""
    while True:
        with suppress(UnreachableError):
            return connect(target_of(app))


def test_what_a_role_lacks(private_server, app):
    with psycopg.connect(**private_server, autocommit=True) as admin:
        admin.execute("REVOKE CONNECT ON DATABASE shop FROM PUBLIC; ALTER DATABASE shop OWNER TO postgres")
        failed = refused(target_of(app), CredentialsError)
        assert (failed.message, failed.sqlstate) == (
            "the role 'app' has no right to connect to the database 'shop'",
            "42501",
        )
        assert failed.hint.endswith("GRANT CONNECT ON DATABASE … TO …")
        admin.execute("GRANT CONNECT ON DATABASE shop TO app; ALTER ROLE app CONNECTION LIMIT 1")
        with closing(once_there_is_room(app)):
            failed = refused(target_of(app), UnreachableError)
            assert failed.message == f"the server at 127.0.0.1:{app['port']} has no connection left for 'app'"
        admin.execute("ALTER ROLE app NOLOGIN")
        assert (
            refused(target_of(app), CredentialsError).message == "the role 'app' is not permitted to log in"
        )
        admin.execute("ALTER ROLE app LOGIN CONNECTION LIMIT -1; ALTER DATABASE shop ALLOW_CONNECTIONS false")
        assert (
            refused(target_of(app), CredentialsError).message == "the database 'shop' accepts no connections"
        )


def test_who_is_not_admitted(private_server, app):
    with psycopg.connect(**private_server, autocommit=True) as admin:
        path = admin.execute("SHOW hba_file").fetchone()[0]
        rules = "\n".join(
            (
                "local all all trust",
                "host shop ghost 127.0.0.1/32 trust",
                "host all postgres 127.0.0.1/32 trust",
                "host postgres app 127.0.0.1/32 reject",
            )
        )
        admin.execute(sql.SQL("CREATE TEMP TABLE hba (line text)"))
        admin.execute("INSERT INTO hba SELECT * FROM string_to_table(%s, E'\\n')", [rules])
        admin.execute(sql.SQL("COPY hba TO {}").format(path))
        admin.execute("SELECT pg_reload_conf()")
        # a new session waits for the reload that it was promised
        while refused(target_of(app), CredentialsError).sqlstate == "28P01":
            pass
    assert refused(target_of(app), CredentialsError).message == (
        f"the server at 127.0.0.1:{app['port']} does not accept 'app' to 'shop' without TLS"
    )
    assert "from this address" in refused(target_of(app, dbname="postgres"), CredentialsError).message
    assert refused(target_of(app, user="ghost"), CredentialsError).message.endswith("has no role 'ghost'")


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("the database system is starting up", UnreachableError, "is starting up or shutting down"),
        ("the database system is shutting down", UnreachableError, "is starting up or shutting down"),
        (
            "the database system is not yet accepting connections",
            UnreachableError,
            "is starting up or shutting down",
        ),
        ("sorry, too many clients already", UnreachableError, "has no connection left for 'app'"),
        (
            "remaining connection slots are reserved for roles with the SUPERUSER attribute",
            UnreachableError,
            "has no connection left",
        ),
        (
            'PAM authentication failed for user "app"',
            CredentialsError,
            "password authentication failed for user 'app'",
        ),
        (
            'Peer authentication failed for user "app"',
            CredentialsError,
            "authentication failed for user 'app' at",
        ),
        (
            "unsupported startup parameter in options: lock_timeout",
            ConfigurationError,
            "a connection pooler answers at",
        ),
        (
            'unrecognized configuration parameter "nonsense"',
            ConfigurationError,
            "refuses a setting from DATABASE_URL",
        ),
        ("etwas anderes", CredentialsError, "refuses the connection"),
    ],
)
def test_what_servers_say(text, kind, said):
    with scripted([error(text)]) as (parameters, _):
        failed = refused(target_of(parameters), kind)
    assert said in failed.message
    assert failed.detail == f"{text}."


@pytest.mark.parametrize("sslmode", ["disable", "prefer"])
def test_something_that_is_not_postgresql(sslmode):
    answer = [b"HTTP/1.1 400 Bad Request\r\n\r\n"]
    with scripted(answer) as (parameters, _):
        failed = refused(target_of(parameters, sslmode=sslmode), ConfigurationError)
    assert failed.message == f"what answers at 127.0.0.1:{parameters['port']} is not PostgreSQL"


def test_a_server_that_is_too_old():
    version = message(b"S", b"server_version\x0013.14\0")
    old = message(b"R", struct.pack("!i", 0)) + version + message(b"Z", b"I")
    with scripted([old]) as (parameters, _), pytest.raises(ConfigurationError) as caught:
        connect(target_of(parameters))
    assert caught.value.message.endswith("is PostgreSQL 13, and 14 is the oldest supported")


def test_a_server_that_cannot_watch_its_clients_is_asked_again_without():
    no = error('invalid value for parameter "client_connection_check_interval": 1000')
    version = message(b"S", b"server_version\x0016.1\0")
    yes = message(b"R", struct.pack("!i", 0)) + version + message(b"Z", b"I")
    with scripted([no], [yes]) as (parameters, received):
        connect(target_of(parameters)).close()
    assert [b"client_connection_check_interval" in part for part in received] == [True, False]
    assert all(b"lock_timeout=3000" in part for part in received)


def test_no_server_of_the_wanted_kind(database):
    failed = refused(target_of(database, target_session_attrs="standby"), UnreachableError)
    assert failed.message.endswith("matches target_session_attrs")


def test_several_hosts_are_tried_in_turn(database):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        closed = str(bound.getsockname()[1])
        both = {"host": f"127.0.0.1,{database['host']}", "port": f"{closed},{database['port']}"}
        connect(target_of(database, **both)).close()
        none = {"host": "127.0.0.1,127.0.0.1", "port": f"{closed},{closed}"}
        failed = refused(target_of(database, **none), UnreachableError)
    assert failed.message == f"nothing listens at 127.0.0.1:{closed}, 127.0.0.1:{closed}"


def test_what_another_program_is_given():
    target = Target(
        parameters={
            "host": "db",
            "port": "1",
            "user": "app",
            "dbname": "shop",
            "sslmode": "require",
            "keepalives": "1",
        },
        password=Secret(PASSWORD),
        source="x",
    )
    assert exec_environment(target) == {
        "PGHOST": "db", "PGPORT": "1", "PGUSER": "app", "PGDATABASE": "shop", "PGSSLMODE": "require",
        "PGPASSWORD": PASSWORD,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("channel_binding=require", "does not authenticate as"),
        ("require_auth=scram-sha-256-plus", "has an invalid value"),
        ("require_auth=gss", "does not authenticate as"),
        ("gssencmode=require", "does not encrypt or identify itself"),
        ("gssencmode=x", "has an invalid value"),
        ("sslmode=require sslnegotiation=postgres", "does not support TLS"),
        ("sslmode=x", "has an invalid value"),
        ("sslnegotiation=direct sslmode=prefer", "contradict each other"),
        ("sslrootcert=system sslmode=require", "contradict each other"),
        ("sslcertmode=x", "has an invalid value"),
        ("ssl_min_protocol_version=x", "has an invalid value"),
        ("ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", "contradict each other"),
        ("target_session_attrs=x", "has an invalid value"),
        ("load_balance_hosts=x", "has an invalid value"),
        ("hostaddr=nonsense", "contradict each other"),
        ("hostaddr=127.0.0.1,127.0.0.1", "contradict each other"),
        ("port=1,2,3", "contradict each other"),
        ("options='-c nonsense=1'", "refuses a setting"),
        ("keepalives=x", "has an invalid value"),
        ("tcp_user_timeout=x", "has an invalid value"),
        ("scram_client_key=x", "has an invalid value"),
        ("replication=x", "refuses a setting"),
        ("service=nowhere", "the service that DATABASE_URL names is not in the service file"),
    ],
)
def test_a_connection_option_that_will_never_work_is_not_worth_another_try(database, options, message):
    target = target_of({**database, **conninfo_to_dict(options)})
    assert message in refused(target, ConfigurationError).message


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ('requirepeer specifies "x", but actual peer user name is "y"', "does not run as the user"),
        ("SSL error: tlsv1 alert unknown ca", "or does not accept ours"),
        ("SSL error: tlsv13 alert certificate required", "or does not accept ours"),
        ("FATAL:  connection requires a valid client certificate", "or does not accept ours"),
        ("SSL error: unsupported protocol", "does not support the TLS or protocol version"),
        ("SSL error: tlsv1 alert protocol version", "does not support the TLS or protocol version"),
        (
            'server only supports protocol version 3.0, but "min_protocol_version" was set to 3.2',
            "does not support the TLS or protocol version",
        ),
        ("server did not request an SSL certificate", "does not encrypt or identify"),
        (
            "channel binding is required, but server did not offer an authentication method that supports channel binding",
            "does not authenticate",
        ),
    ],
)
def test_what_a_server_with_tls_says_of_options_is_a_wrong_setting(said, message):
    target = target_of({"host": "h", "user": "u", "dbname": "d"})
    error = refusal_of(
        psycopg.OperationalError(f'connection to server at "h", port 5432 failed: {said}'), target
    ).as_error()
    assert type(error) is ConfigurationError
    assert message in error.message
