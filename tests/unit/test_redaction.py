"""Passwords in SQL are not shown; whatever else an error is about is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from runner.errors import RunnerError
from runner.redaction import redacted

SECRET = "hunter2"
_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "text",
    [
        f"ALTER ROLE app PASSWORD '{SECRET}' VALIDD UNTIL 'x'",
        f"alter role app\n  password\n  E'a\\'{SECRET}'",
        f"CREATE USER a ENCRYPTED PASSWORD $${SECRET}$$",
        f"SELECT f(password => $x${SECRET}$x$)",
        f"CREATE SUBSCRIPTION s CONNECTION 'host=h password={SECRET} user=u' PUBLICATION p",
        f"ALTER SUBSCRIPTION s CONECTION 'host=h pasword={SECRET}'",
        f"CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'x', password '{SECRET}')",
        f"ALTER USER MAPPING FOR u SERVER s OPTIONS (SET password '{SECRET}')",
        f"DO $$ BEGIN EXECUTE 'ALTER ROLE x PASSWORD ''{SECRET}'''; END $$",
        f"SQL statement \"ALTER ROLE app PASSWORD '{SECRET}'\"",
        f"SELECT set_config('app.password', '{SECRET}', true)",
        f"SET app.password = '{SECRET}'",
        f"SELECT dblink_connect('postgresql://u:{SECRET}@h/d')",
        f"SELECT dblink('host=h password=''{SECRET}'' x', 'SELECT 1')",
        f'SELECT \'{{"db_password": "{SECRET}"}}\'::json',
        f"ALTER ROLE a PASSWRD '{SECRET}'",
        f"ALTER ROLE a PASSWORD /* new */ -- one\n '{SECRET}'",
        f"ALTER ROLE a PASSWORD U&'{SECRET}'",
        f"ALTER ROLE a PASSWORD '{SECRET}",
        f"ALTER ROLE a PASSWORD'{SECRET}'",
        f"CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (aws_access_key 'id', client_secret '{SECRET}')",
        f"SELECT set_config('app.api_key', '{SECRET}', true)",
        f"ALTER SYSTEM SET app.auth_token = '{SECRET}'",
        f'SELECT \'{{"secret": "{SECRET}"}}\'::json',
    ],
)
def test_a_password_is_hidden_in_its_place(text):
    shown = redacted(text)
    assert SECRET not in shown
    assert len(shown) == len(text)
    assert [*map(len, shown.splitlines())] == [*map(len, text.splitlines())]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO t (password) VALUES ('kept')",
        'password authentication failed for user "app"',
        "CREATE TABLE u (password text DEFAULT 'x')",
        "UPDATE t SET token = 'kept', key = 'kept'",
        "INSERT INTO t (secret) VALUES ('kept')",
        "SELECT 'user'; SELECT 'shown'",
        "password authentication failed for user 'app' at h",
        "https://example.org/a:b",
        "COMMENT ON TABLE t IS 'the password';\nCOMMENT ON TABLE u IS 'kept';",
        "RAISE EXCEPTION USING HINT = 'run CREATE ROLE a';\nSELECT 'kept';",
        "-- limit it with ALTER ROLE a SET b\nSELECT 'kept'",
    ],
)
def test_what_is_no_password_stays(text):
    assert redacted(text) == text


@pytest.mark.parametrize(
    "path",
    [*(_ROOT / "migrations").rglob("*.sql"), *(_ROOT / "sql").rglob("*.sql")],
    ids=lambda path: path.name,
)
def test_our_own_files_hold_no_password(path):
    assert redacted(path.read_text()) == path.read_text()


def test_every_error_of_ours_is_redacted():
    error = RunnerError(f"PASSWORD '{SECRET}'", detail=f"QUERY: ALTER ROLE a PASSWORD '{SECRET}'")
    assert SECRET not in repr(error.__dict__) + str(error) + repr(error.args)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "password ",
        "password/*",
        "password $",
        "password '",
        "password ''a",
        "create role a '",
        "x://a:",
        "password=(",
    ],
)
def test_no_text_takes_long(text):
    began = time.monotonic()
    redacted(text * 20_000)
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("UPDATE u SET password = crypt('s3cret', gen_salt('bf'))", "UPDATE u SET password = crypt('******', gen_salt('bf'))"),
        ("SET app.password TO 's3cret'", "SET app.password TO '******'"),
        ('COPY users, line 1, column password: "s3cret"', 'COPY users, line 1, column password: "******"'),
        ("SELECT password FROM t WHERE id = 'x'", "SELECT password FROM t WHERE id = 'x'"),
    ],
)  # fmt: skip
def test_a_password_behind_a_function_or_in_a_context_is_hidden(text, shown):
    assert redacted(text) == shown
