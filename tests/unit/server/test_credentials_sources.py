"""Which source is asked first, what each one says, and for which database."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from runner.errors import ConfigurationError
from runner.server import credentials
from runner.settings import Secret, load

URL = {"DATABASE_URL": "postgresql://app@url.example/named"}
OPEN_URL = {"DATABASE_URL": "postgresql://app@url.example"}
PARTS = {"DB_HOST": "parts.example", "DB_USERNAME": "app", "DB_PASSWORD": "s3cret"}
LIBPQ = {"PGHOST": "libpq.example", "PGUSER": "app"}


def resolve(environ, database=None, *, tmp_path=None, only=True, url=None):
    settings = load(environ=environ, project=tmp_path or Path("/nowhere"), flags={"url": url})
    return credentials.resolve(settings, database, only=only)


def host(environ, database=None, **options):
    target = resolve(environ, database, **options)
    return target.source, target.parameters.get("host")


def test_nothing_configured_is_nothing():
    assert resolve({}) is None
    assert resolve({"DATABASE_URL": "", "DB_HOST": " ", "PGUSER": "x", "PATH": "/bin"}) is None


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        ({**URL, **PARTS, **LIBPQ}, "DATABASE_URL"),
        ({**PARTS, **LIBPQ}, "DB_HOST"),
        (LIBPQ, "PG*"),
        ({**URL, "CARTHUB_DATABASE_URL": "postgresql://app@own.example"}, "CARTHUB_DATABASE_URL"),
        ({**URL, **PARTS, "CARTHUB_DB_HOST": "own.example"}, "CARTHUB_DB_HOST"),
        ({**PARTS, "OTHER_DATABASE_URL": "postgresql://app@own.example"}, "DB_HOST"),
    ],
)
def test_the_first_source_wins_and_what_is_for_one_database_beats_what_is_for_all(environ, source):
    assert resolve(environ, "carthub").source == source


def test_the_flag_beats_everything():
    assert host({**URL, **PARTS}, url="postgresql://app@flag.example/x") == ("--url", "flag.example")


def test_the_prefix_is_the_name_in_capitals():
    assert host({"API_SERVER_DATABASE_URL": "postgresql://app@own"}, "api-server")[1] == "own"


def test_yoyos_settings_file_comes_after_the_environment(tmp_path):
    (tmp_path / "yoyo.ini").write_text(
        "[DEFAULT]\nsources = migrations\ndatabase = psql://app:s3cret@ini.example/shop\n"
    )
    assert host({}, tmp_path=tmp_path) == ("yoyo.ini", "ini.example")
    assert host(LIBPQ, tmp_path=tmp_path) == ("yoyo.ini", "ini.example")
    assert host(PARTS, tmp_path=tmp_path) == ("DB_HOST", "parts.example")


@pytest.mark.parametrize(
    ("environ", "only", "name"),
    [
        pytest.param(URL, True, "named", id="a URL that names one, for one"),
        pytest.param(OPEN_URL, True, "carthub", id="a URL that names none, for one"),
        pytest.param(OPEN_URL, False, "carthub", id="a URL that names none, for several"),
        pytest.param({"CARTHUB_DATABASE_URL": "postgresql://a@h/own"}, False, "own", id="a URL of its own"),
        pytest.param(PARTS, False, "carthub", id="parts without a name"),
        pytest.param({**PARTS, "DB_DATABASE": "named"}, True, "named", id="parts with a name, for one"),
        pytest.param(
            {**PARTS, "CARTHUB_DB_DATABASE": "own"}, False, "own", id="common parts, a name of its own"
        ),
        pytest.param(
            {**PARTS, "DB_DATABASE": "all", "CARTHUB_DB_DATABASE": "own"}, False, "own", id="both names"
        ),
        pytest.param({**LIBPQ, "PGDATABASE": "named"}, True, "named", id="PGDATABASE, for one"),
        pytest.param({**OPEN_URL, "PGDATABASE": "named"}, False, "carthub", id="PGDATABASE beside a URL"),
    ],
)
def test_the_databases_name(environ, only, name):
    assert resolve(environ, "carthub", only=only).name == name


@pytest.mark.parametrize(
    "environ", [URL, {**PARTS, "DB_DATABASE": "named"}, {**LIBPQ, "PGDATABASE": "named"}]
)
def test_one_named_database_cannot_serve_several(environ):
    with pytest.raises(ConfigurationError) as caught:
        resolve(environ, "carthub", only=False)
    assert caught.value.message.endswith("names the database 'named', but this run is for several")
    assert "CARTHUB_DATABASE_URL" in caught.value.hint
    assert "--database" in caught.value.hint


def test_without_any_name_libpqs_rule_holds():
    assert resolve(OPEN_URL).name == "app"
    assert resolve({**OPEN_URL, "PGDATABASE": "elsewhere"}).name == "elsewhere"


def test_parts_are_taken_as_they_are():
    password = "@:/?#%&'\" \\ é"
    target = resolve(
        {
            **PARTS,
            "DB_PORT": "5433",
            "DB_DATABASE": "shop",
            "DB_PASSWORD": password,
            "DB_SSL_MODE": "VERIFY_FULL",
        }
    )
    assert target.conninfo() == {
        "host": "parts.example", "port": "5433", "user": "app", "dbname": "shop", "sslmode": "verify-full",
        "password": password,
    }  # fmt: skip
    assert repr(target.password) == "***"
    assert password not in repr(target)


def test_a_prefixed_part_stands_beside_common_ones():
    target = resolve({**PARTS, "CARTHUB_DB_USERNAME": "cart", "CARTHUB_DB_PASSWORD": "own"}, "carthub")
    assert (target.parameters["user"], target.password) == ("cart", Secret("own"))


def test_secrets_come_from_files_without_their_last_newline(tmp_path):
    (tmp_path / "password").write_text(" s3cret \n")
    (tmp_path / "url").write_text("postgresql://app:p@file.example/shop\n")
    parts = {key: PARTS[key] for key in ("DB_HOST", "DB_USERNAME")}
    found = resolve({**parts, "DB_PASSWORD_FILE": str(tmp_path / "password")})
    assert found.password == Secret(" s3cret ")
    assert host({"CARTHUB_DATABASE_URL_FILE": str(tmp_path / "url")}, "carthub")[1] == "file.example"

    (tmp_path / "password").write_text("changed")
    assert found.refresh().password == Secret("changed")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file or directory"),
        (b"", "is empty or is not UTF-8 text"),
        (b"\xff\xfes3cret", "is empty or is not UTF-8 text"),
        (b"s3cret\0", "is empty or is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_variable(tmp_path, content, message):
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        resolve({**PARTS, "DB_PASSWORD": "", "DB_PASSWORD_FILE": str(path)})
    assert "DB_PASSWORD_FILE" in caught.value.message
    assert str(path) in caught.value.message
    assert message in caught.value.message
    assert "s3cret" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({**PARTS, "DB_PORT": "http"}, "DB_PORT is not a number from 1 to 65535"),
        ({**PARTS, "DB_PORT": "70000"}, "DB_PORT is not a number from 1 to 65535"),
        (
            {"DATABASE_URL": "postgresql://h:70000/d"},
            "the port in DATABASE_URL is not a number from 1 to 65535",
        ),
        (
            {**PARTS, "DB_SSL_MODE": "on"},
            "DB_SSL_MODE is not one of disable, allow, prefer, require, verify-ca, verify-full",
        ),
        (
            {**PARTS, "DB_SSL_ROOT_CERT": "/nowhere/ca.pem"},
            "cannot read /nowhere/ca.pem, which DB_SSL_ROOT_CERT names",
        ),
        ({**PARTS, "DB_IAM_AUTH": "maybe"}, "DB_IAM_AUTH is neither true nor false"),
        ({**PARTS, "DB_IAM_AUTH": "true"}, "DB_IAM_AUTH is on, but DB_HOST comes with a password"),
        ({**PARTS, "DB_PASSWORD_FILE": "/x"}, "DB_PASSWORD and DB_PASSWORD_FILE are both set"),
        ({"DB_USERNAME": "app"}, "DB_USERNAME is set, but DB_HOST is not"),
        ({"DB_NAME": "shop"}, "DB_NAME is set, but DB_HOST is not"),
    ],
)
def test_a_bad_setting_is_named(environ, message):
    with pytest.raises(ConfigurationError) as caught:
        resolve(environ)
    assert caught.value.message == message
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_the_port_that_kubernetes_injects_for_a_service_named_db_is_explained():
    injected = {"DB_PORT": "tcp://10.96.0.10:5432", "DB_SERVICE_HOST": "10.96.0.10"}
    assert resolve(injected) is None
    with pytest.raises(ConfigurationError) as caught:
        resolve({**PARTS, **injected})
    assert caught.value.message == "DB_PORT is tcp://10.96.0.10:5432, which is not a port"
    assert "a Service named 'db'" in caught.value.detail
    assert "enableServiceLinks: false" in caught.value.hint
    with pytest.raises(ConfigurationError, match="CARTHUB_DB_PORT is tcp"):
        resolve({**PARTS, "CARTHUB_DB_PORT": "tcp://10.96.0.10:5432"}, "carthub")


def test_a_ca_without_a_mode_checks_the_server(tmp_path):
    ca = tmp_path / "ca.pem"
    ca.touch()
    given = {"DB_SSL_ROOT_CERT": str(ca)}
    for source in (PARTS, URL):
        assert resolve({**source, **given}).parameters["sslmode"] == "verify-full"
        assert resolve({**source, **given}).parameters["sslrootcert"] == str(ca)
    chosen = {"DATABASE_URL": "postgresql://app@h/d?sslmode=verify-ca"}
    assert resolve({**chosen, **given}).parameters["sslmode"] == "verify-ca"


def test_pg_variables_are_taken_from_the_given_environment(monkeypatch):
    monkeypatch.setenv("PGHOST", "wrong.example")
    target = resolve(
        {**LIBPQ, "PGPORT": "5433", "PGPASSWORD": "s3cret", "PGSSLMODE": "require", "PGOPTIONS": "-c a.b=1"}
    )
    assert target.conninfo() == {
        "host": "libpq.example", "port": "5433", "user": "app", "dbname": "app", "sslmode": "require",
        "options": "-c a.b=1", "password": "s3cret",
    }  # fmt: skip
    assert resolve({**URL, "PGOPTIONS": "-c a.b=1"}).parameters["options"] == "-c a.b=1"


def test_a_service_gives_name_and_user_and_beats_the_variables(tmp_path):
    path = tmp_path / "services"
    path.write_text(
        "[other]\nhost=wrong\n\n[shop]\n# ours\nhost=service.example\nuser=app\ndbname=shop\npassword=s3cret\n"
        "[next]\nport=1\n"
    )
    environ = {"PGSERVICE": "shop", "PGSERVICEFILE": str(path), "PGHOST": "wrong", "PGPORT": "5433"}
    assert resolve(environ).conninfo() == {
        "host": "service.example", "port": "5433", "user": "app", "dbname": "shop", "password": "s3cret",
    }  # fmt: skip
    home = tmp_path / "home"
    home.mkdir()
    (home / ".pg_service.conf").write_text(path.read_text())
    assert resolve({"PGSERVICE": "shop", "HOME": str(home)}).parameters["host"] == "service.example"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://?service=shop",
        "postgresql:///?service=shop&port=5434",
        "service=shop port=5434",
    ],
)
def test_a_service_in_a_url_gives_what_the_url_leaves_open(tmp_path, text):
    path = tmp_path / "services"
    path.write_text("[shop]\nhost=service.example\nport=5433\nuser=app\ndbname=shop\npassword=s3cret\n")
    target = resolve({"DATABASE_URL": text, "PGHOST": "wrong", "PGSERVICEFILE": str(path)})
    port = "5434" if "5434" in text else "5433"
    assert target.conninfo() == {
        "host": "service.example", "port": port, "user": "app", "dbname": "shop", "password": "s3cret",
    }  # fmt: skip
    assert (target.name, target.address) == ("shop", f"service.example:{port}")
    assert "s3cret" not in repr(target)


def test_the_server_that_libpq_takes_from_variables_is_named():
    environ = {"DATABASE_URL": "postgresql:///shop", "PGHOST": "db.example", "PGPORT": "5433"}
    assert resolve(environ).address == "db.example:5433"


def test_secrets_beside_the_password_are_not_shown():
    target = resolve({"DATABASE_URL": "postgresql://h/d?sslpassword=s3cret&oauth_client_secret=s3cret"})
    assert "s3cret" not in repr(target)


def test_a_user_that_nobody_names_is_the_systems_or_an_error(monkeypatch):
    assert (
        resolve({"DATABASE_URL": "postgresql://h/d"}).parameters["user"] == pwd.getpwuid(os.geteuid()).pw_name
    )
    monkeypatch.setattr(os, "geteuid", lambda: 1_234_567)
    with pytest.raises(ConfigurationError) as caught:
        resolve({"DATABASE_URL": "postgresql://h/d"})
    assert caught.value.message == (
        "DATABASE_URL names no database user, and this process's uid 1234567 has no name to use instead"
    )
    assert resolve({"DATABASE_URL": "postgresql://h/d", "PGUSER": "app"}).parameters["user"] == "app"


@pytest.mark.parametrize(
    ("parameters", "address"),
    [
        ({"host": "db", "port": "5432"}, "db:5432"),
        ({"host": "::1", "port": "5432"}, "[::1]:5432"),
        ({"host": "/run/postgresql", "port": "5432"}, "/run/postgresql"),
        ({"host": "a,b", "port": "1,2"}, "a:1, b:2"),
        ({"host": "a,b"}, "a, b"),
        ({}, "the default socket"),
    ],
)
def test_an_address_as_people_write_it(parameters, address):
    assert credentials.Target(parameters=parameters, source="x").address == address


@pytest.mark.slow
def test_importing_the_room_is_cheap():
    code = "import sys; import runner.server.credentials, runner.server.connection, runner.server.local; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"boto3", "botocore", "click", "yoyo"} & set(loaded)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[DEFAULT]\ndatabase = postgresql://u:hunter2%ss@h/d\n", '"database" has a % that is neither'),
        (
            "[DEFAULT]\ndatabase = postgresql://u:hunter2%(nobody)s@h/d\n",
            '"database" has a % that is neither',
        ),
        ("database = postgresql://u:hunter2@h/d\n", "line 1 is not INI syntax"),
        ("[DEFAULT]\nhunter2\n", "line 2 is not INI syntax"),
        ("[DEFAULT]\ndatabase = a\ndatabase = hunter2\n", "line 3 is not INI syntax"),
    ],
)
def test_a_yoyo_ini_that_cannot_be_read_is_not_quoted(tmp_path, content, said):
    (tmp_path / "yoyo.ini").write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        load(environ={}, project=tmp_path, flags={})
    error = caught.value
    assert said in error.message
    assert "hunter2" not in "".join(traceback.format_exception(error)) + repr(error.__dict__)
