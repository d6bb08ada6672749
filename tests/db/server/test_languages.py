"""A server that does not speak English: its SQLSTATE decides what is said and how a command ends, not its text."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from runner.errors import ConfigurationError, CredentialsError, UnreachableError
from runner.server.connection import connect
from runner.server.local.installed import Programs
from tests.db.server.test_connection import ASK_PASSWORD, READY, message, refused, scripted, target_of

GERMAN = "de_DE.UTF-8"
CATALOG = Path("/usr/share/locale/de/LC_MESSAGES/postgres-15.mo")


def said(text: str, sqlstate: str, severity: str = "FATAL") -> bytes:
    return message(b"E", f"S{severity}\0VFATAL\0C{sqlstate}\0M{text}\0\0".encode())


@pytest.mark.parametrize(
    ("answer", "kind", "sqlstate"),
    [
        (said("tut mir leid, schon zu viele Verbindungen", "53300"), UnreachableError, "53300"),
        (said("система баз данных запускается", "57P03", "ВАЖНО"), UnreachableError, "57P03"),
        (said("le système de bases de données s'arrête", "57P03"), UnreachableError, "57P03"),
        (said("Speicher aufgebraucht", "53200"), UnreachableError, "53200"),
        (said('数据库 "shop" 不存在', "3D000", "致命错误"), CredentialsError, "3D000"),
        (said("la base de données n'accepte pas les connexions", "55000"), CredentialsError, "55000"),
        (said("Rolle »app« existiert nicht", "28000"), CredentialsError, "28000"),
        (said("keine Berechtigung für Datenbank »shop«", "42501"), CredentialsError, "42501"),
        (said("unbekannter Konfigurationsparameter »foo«", "42704"), ConfigurationError, None),
        (said("something quite new", "XX000"), CredentialsError, None),
    ],
)
@pytest.mark.parametrize("asks", [False, True], ids=["at once", "after the password"])
def test_the_sqlstate_decides(answer, kind, sqlstate, asks):
    talk = [ASK_PASSWORD, answer] if asks else [answer]
    with scripted(*[talk] * 2) as (parameters, _):
        failed = refused(target_of(parameters, password="secret word"), kind)
    assert failed.sqlstate == sqlstate
    assert failed.hint


def test_a_refusal_that_has_passed_when_its_sqlstate_is_asked_for_is_tried_again():
    with (
        scripted([said("zu viele Verbindungen", "53300")], [READY], [READY]) as (parameters, _),
        pytest.raises(ConfigurationError, match="is PostgreSQL 0"),  # it was let in, and then looked at
    ):
        connect(target_of(parameters))


@pytest.fixture
def german(new_server, folder, monkeypatch):
    """A server that speaks German, with few connections, for a database `shop` of role `app`."""
    if not CATALOG.exists() or shutil.which("localedef") is None:
        pytest.skip("no German message catalog of PostgreSQL 15, or no localedef")
    locales = folder / "locales"
    locales.mkdir(mode=0o755)
    made = subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "UTF-8", str(locales / GERMAN)], capture_output=True, check=False
    )
    if not (locales / GERMAN).exists():
        pytest.skip(f"no locale {GERMAN}: {made.stderr.decode()}")
    environment = Programs.environment.fget
    monkeypatch.setattr(
        Programs, "environment", property(lambda self: {**environment(self), "LOCPATH": str(locales)})
    )
    server = new_server()
    if server.start().parameters.get("host") is None:
        pytest.skip("no address")
    server.stop()
    with (server.data / "postgresql.conf").open("a") as file:
        file.write(f"\nlc_messages = '{GERMAN}'\nmax_connections = 8\nsuperuser_reserved_connections = 3\n")
    started = server.start(tcp=True)
    parameters = {**started.parameters, "password": started.password.reveal(), "dbname": "postgres"}
    with psycopg.connect(**parameters, autocommit=True) as admin:
        admin.execute("CREATE ROLE app LOGIN PASSWORD 'secret word'")
        admin.execute("CREATE DATABASE shop OWNER app")
        with pytest.raises(psycopg.errors.DivisionByZero) as met:
            admin.execute("SELECT 1 / 0")
        if "Null" not in str(met.value):
            pytest.skip("this server has no German messages")
    yield {**parameters, "user": "app", "password": "secret word", "dbname": "shop"}, parameters
    server.stop()


def run(folder: Path, parameters: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    environ = {
        key: value for key, value in os.environ.items() if not key.startswith(("PG", "DB_", "RUNNER_"))
    }
    given = {
        "DB_HOST": parameters["host"],
        "DB_PORT": parameters["port"],
        "DB_USERNAME": parameters["user"],
        "DB_PASSWORD": parameters["password"],
        "DB_DATABASE": parameters["dbname"],
    }
    return subprocess.run(
        [sys.executable, "-m", "runner", *args],
        cwd=folder,
        env={**environ, **given, "RUNNER_LOCAL": "0"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


def test_a_german_server_ends_commands_as_an_english_one_does(german, tmp_path):
    app, admin_of = german
    files = tmp_path / "migrations"
    files.mkdir()
    (files / "0001_a.sql").write_text("CREATE TABLE a (id int);\n")
    assert run(tmp_path, {**app, "password": "wrong"}, "status").returncode == 2
    assert run(tmp_path, {**app, "dbname": "nowhere"}, "status").returncode == 2
    done = run(tmp_path, app, "migrate", "--no-validate")
    assert done.returncode == 0, done.stderr
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(closing(connect(target_of(app))))
        full = run(tmp_path, app, "status")
    assert full.returncode == 4, full.stderr
    assert "has no connection left for 'app'" in full.stderr
    assert "Verbindungen" in full.stderr  # the server's own words
    with psycopg.connect(**admin_of, autocommit=True) as admin:
        while admin.execute("SELECT FROM pg_stat_activity WHERE usename = 'app'").fetchall():
            pass
        admin.execute("ALTER ROLE app CONNECTION LIMIT 0")
        assert run(tmp_path, app, "status").returncode == 4
        admin.execute("ALTER ROLE app CONNECTION LIMIT -1")
        admin.execute("ALTER DATABASE shop ALLOW_CONNECTIONS false")
        assert run(tmp_path, app, "status").returncode == 2
        admin.execute("ALTER DATABASE shop ALLOW_CONNECTIONS true")
    (files / "0002_b.sql").write_text("LOCK TABLE a;\nSELECT nope;\n")
    failed = run(tmp_path, app, "migrate", "--no-validate")
    assert failed.returncode == 1
    assert "Spalte »nope« existiert nicht" in failed.stderr
    (files / "0002_b.sql").write_text("LOCK TABLE a;\n")
    with closing(connect(target_of(app))) as other:
        other.execute("BEGIN; LOCK TABLE a")
        busy = run(tmp_path, app, "migrate", "--no-validate", "--lock-timeout", "50ms", "--lock-retries", "0")
    assert busy.returncode == 4


def test_the_line_of_data_is_found_in_a_german_message(german, tmp_path):
    app, _ = german
    files = tmp_path / "migrations"
    files.mkdir()
    (files / "0001_a.csv").write_text("1\n2\nx\n")
    (files / "0001_a.sql").write_text(
        "-- copy: a (id) from migrations/0001_a.csv\nCREATE TABLE a (id int);\n"
    )
    failed = run(tmp_path, app, "migrate", "--no-validate")
    assert failed.returncode == 1
    assert "0001_a.csv:3" in failed.stderr


def test_a_role_that_speaks_german_is_understood_on_an_english_server(german, tmp_path):
    app, admin_of = german
    files = tmp_path / "migrations"
    files.mkdir()
    (files / "0001_a.sql").write_text("CREATE TABLE a (id int);\nCREATE TABLE b (id int);\n")
    with psycopg.connect(**admin_of, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET lc_messages = 'C'")
        admin.execute("ALTER ROLE app SET lc_messages = 'de_DE.UTF-8'")
        admin.execute("SELECT pg_reload_conf()")
        while admin.execute("SHOW lc_messages").fetchone() != ("C",):
            pass
    assert run(tmp_path, {**app, "password": "wrong"}, "status").returncode == 2
    done = run(tmp_path, app, "migrate", "--no-validate")
    assert done.returncode == 0, done.stderr
    (files / "0002_b.sql").write_text("LOCK TABLE a;\nSELECT nope;\n")
    failed = run(tmp_path, app, "migrate", "--no-validate")
    assert failed.returncode == 1
    assert "Spalte »nope« existiert nicht" in failed.stderr
    backup = ("backup", "--to", str(tmp_path / "kept"), "--lock-wait", "0")
    with closing(connect(target_of(app))) as other:
        other.execute("BEGIN; LOCK TABLE b")
        busy = run(tmp_path, app, *backup)
        assert busy.returncode == 4, busy.stderr
        assert "wegen Zeitüberschreitung" in busy.stderr
        assert "Run the same command again when that lock is released." in busy.stderr
    with psycopg.connect(**{**admin_of, "dbname": "shop"}, autocommit=True) as admin:
        admin.execute("ALTER TABLE b OWNER TO CURRENT_USER")
        refused_to_read = run(tmp_path, app, *backup)
        assert refused_to_read.returncode == 2, refused_to_read.stderr
        assert "keine Berechtigung für Tabelle b" in refused_to_read.stderr
        assert "a member of pg_read_all_data" in refused_to_read.stderr
        admin.execute("ALTER TABLE b OWNER TO app")
        assert run(tmp_path, app, *backup).returncode == 0
        (archive,) = (tmp_path / "kept").glob("*.dump")
        admin.execute("CREATE DATABASE empty")
    unable = run(tmp_path, app, "restore", str(archive), "--into", "empty")
    assert unable.returncode == 2, unable.stderr
