"""Database URLs: what libpq reads, what others write, and what must never be shown."""

from __future__ import annotations

import traceback

import pytest

from runner.errors import ConfigurationError
from runner.server.credentials import address

SECRET = "tr0ub4dor"


@pytest.mark.parametrize(
    ("text", "parameters", "password"),
    [
        pytest.param(
            "postgresql://app:p%40%3A%2F%3F%23%25%26'%22%20%5Cß%C3%A9@db.example:5433/shop?sslmode=require",
            {"user": "app", "host": "db.example", "port": "5433", "dbname": "shop", "sslmode": "require"},
            "p@:/?#%&'\" \\ßé",
            id="percent-encoded",
        ),
        pytest.param(
            "postgres://app:raw#hash:and+plus@db/shop",
            {"user": "app", "host": "db", "dbname": "shop"},
            "raw#hash:and+plus",
            id="raw characters that are harmless",
        ),
        pytest.param(
            "postgres://[2001:db8::1]:5432/shop",
            {"host": "2001:db8::1", "port": "5432", "dbname": "shop"},
            None,
            id="IPv6",
        ),
        pytest.param(
            "postgres://app:x@[fe80::1%25eth0]:5432/shop",
            {"user": "app", "host": "fe80::1%eth0", "port": "5432", "dbname": "shop"},
            "x",
            id="IPv6 with a zone",
        ),
        pytest.param(
            "postgresql://a:1,b:2,[::1]/shop?target_session_attrs=read-write",
            {"host": "a,b,::1", "port": "1,2,", "dbname": "shop", "target_session_attrs": "read-write"},
            None,
            id="several hosts",
        ),
        pytest.param(
            "postgresql:///shop?host=/run/postgresql&user=a@b",
            {"host": "/run/postgresql", "dbname": "shop", "user": "a@b"},
            None,
            id="socket",
        ),
        pytest.param(
            "postgresql://%2Frun%2Fpostgresql/shop",
            {"host": "/run/postgresql", "dbname": "shop"},
            None,
            id="socket as host",
        ),
        pytest.param(
            r"host=db dbname='my shop' password='it\'s'",
            {"host": "db", "dbname": "my shop"},
            "it's",
            id="keywords",
        ),
        pytest.param(
            "  postgresql://db/shop\n", {"host": "db", "dbname": "shop"}, None, id="surrounding blanks"
        ),
        pytest.param("postgresql://db", {"host": "db"}, None, id="host alone"),
        pytest.param("postgresql+psycopg://db/shop", {"host": "db", "dbname": "shop"}, None, id="SQLAlchemy"),
        pytest.param(
            "postgresql+psycopg2://db/shop", {"host": "db", "dbname": "shop"}, None, id="SQLAlchemy, old"
        ),
        pytest.param(
            "postgresql+runner://db/shop", {"host": "db", "dbname": "shop"}, None, id="yoyo with our backend"
        ),
        pytest.param("psql://db/shop", {"host": "db", "dbname": "shop"}, None, id="yoyo"),
        pytest.param("PostgreSQL://db/shop", {"host": "db", "dbname": "shop"}, None, id="capitals"),
        pytest.param(
            "psql://db/shop?schema=app",
            {"host": "db", "dbname": "shop", "options": "-c search_path=app"},
            None,
            id="yoyo's schema",
        ),
        pytest.param(
            "psql://db/shop?schema=My-App&options=-c%20a.b%3D1",
            {"host": "db", "dbname": "shop", "options": '-c a.b=1 -c search_path="My-App"'},
            None,
            id="schema to be quoted",
        ),
        pytest.param(
            "psql://db/shop?schema=app,%20public",
            {"host": "db", "dbname": "shop", "options": "-c search_path=app,\\ public"},
            None,
            id="two schemas",
        ),
        pytest.param(
            "postgresql://db/shop?application_name=a+b%20c",
            {"host": "db", "dbname": "shop", "application_name": "a+b c"},
            None,
            id="plus is plus",
        ),
    ],
)
def test_a_url_becomes_keywords(text, parameters, password):
    found, secret = address.parse(text, source="DATABASE_URL")
    assert found == parameters
    assert (secret.reveal() if secret else None) == password


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"postgresql://app:{SECRET}@{SECRET}@db/shop", "is not a valid URL"),
        (f"postgresql://app:x/{SECRET}@db/shop", "is not a valid URL"),
        (f"postgresql://app:12/{SECRET}@db/shop", "is not a valid URL"),
        (f"postgresql://app:x?{SECRET}@db/shop", "is not a valid URL"),
        (f"postgresql://app:12?{SECRET}@db/shop", "is not a valid URL"),
        (f"postgresql://app:12?{SECRET}=1@db/shop", "has an unknown connection option"),
        (f"postgresql://app:%zz{SECRET}@db/shop", "has a '%' that is not followed by two hexadecimal digits"),
        (f"postgresql://app:x@db:{SECRET}/shop", "is not a valid URL"),
        (f"postgresql://app:x@[fe80::1%25{SECRET} ]/shop", "is not a valid URL"),
        (f"postgresql://app:{SECRET}@[::1/shop", "is not a valid URL"),
        (f"postgresql://app:{SECRET}@db/shop?sslmod=require", "has an unknown connection option"),
        (f"postgresql://app:{SECRET}@db/shop?nonsense", "after its '?' is not a list of key=value"),
        (f"host=db password={SECRET} {SECRET}", "neither a database URL nor a list of key=value"),
        (f"host=db password=a {SECRET}=1", "has an unknown connection option"),
        (f"host=db password='{SECRET}", "neither a database URL nor a list of key=value"),
        (f"mysql://app:{SECRET}@db/shop", "is a URL for mysql, not for PostgreSQL"),
        (f"jdbc:postgresql://app:{SECRET}@db/shop", "is not a database URL"),
        (SECRET, "is not a database URL"),
        (f'"postgresql://app:{SECRET}@db/shop"', "begins with a quotation mark"),
    ],
)
def test_a_bad_url_is_explained_without_being_shown(text, message):
    with pytest.raises(ConfigurationError) as caught:
        address.parse(text, source="DATABASE_URL")
    error = caught.value
    assert message in error.message
    assert "DATABASE_URL" in error.message
    shown = "".join([*traceback.format_exception(error), repr(error), str(error.detail), str(error.hint)])
    assert SECRET not in shown


def test_the_option_that_was_meant_is_named():
    with pytest.raises(ConfigurationError) as caught:
        address.parse("postgresql://db/shop?sslmod=require", source="DATABASE_URL")
    assert caught.value.hint.startswith("Perhaps you meant sslmode. ")
