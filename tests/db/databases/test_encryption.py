"""api_server: fields encrypted with the session's key, and what happens without the right one."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import errors

if TYPE_CHECKING:
    from collections.abc import Callable

Connection = psycopg.Connection[tuple[object, ...]]

KEY = "correct horse battery staple"


def use_key(connection: Connection, key: str) -> None:
    connection.execute("SELECT set_config('app.encryption_key', %s, false)", [key])


def encrypt(connection: Connection, text: str | None) -> str | None:
    [(encrypted,)] = connection.execute("SELECT encrypt_sensitive_data(%s)", [text]).fetchall()
    assert encrypted is None or isinstance(encrypted, str)
    return encrypted


def decrypt(connection: Connection, text: str | None) -> str | None:
    [(decrypted,)] = connection.execute("SELECT decrypt_sensitive_data(%s)", [text]).fetchall()
    assert decrypted is None or isinstance(decrypted, str)
    return decrypted


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" ", id="blank"),
        pytest.param("4111 1111 1111 1111", id="card"),
        pytest.param(
            "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS} \N{GRINNING FACE}\r\n\t'\"\\%", id="any character"
        ),
        pytest.param("x" * 100_000, id="long"),
    ],
)
def test_what_was_encrypted_is_decrypted(api_server: Connection, text: str) -> None:
    use_key(api_server, KEY)
    encrypted = encrypt(api_server, text)
    assert encrypted is not None
    assert encrypted != text
    assert base64.b64decode(encrypted, validate=True)
    assert decrypt(api_server, encrypted) == text


@pytest.mark.parametrize(
    "key", ["k", "' $1 \" \\ %s %I", "\N{KEY}\N{GREEK SMALL LETTER OMEGA}", "k" * 10_000]
)
def test_any_key_works(api_server: Connection, key: str) -> None:
    use_key(api_server, key)
    assert decrypt(api_server, encrypt(api_server, "secret")) == "secret"


def test_equal_texts_do_not_show(api_server: Connection) -> None:
    use_key(api_server, KEY)
    assert encrypt(api_server, "secret") != encrypt(api_server, "secret")


def test_the_cipher_is_aes_256(api_server: Connection) -> None:
    use_key(api_server, KEY)
    encrypted = base64.b64decode(encrypt(api_server, "secret") or "")
    # RFC 4880: header (2 bytes here), version, symmetric algorithm (5.3); 9 is AES with 256 bits (9.2).
    assert (encrypted[2], encrypted[3]) == (4, 9)


def test_null_stays_null_and_needs_no_key(api_server: Connection) -> None:
    assert encrypt(api_server, None) is None
    assert decrypt(api_server, None) is None


@pytest.mark.parametrize("function", [encrypt, decrypt])
def test_no_key_is_refused(
    make_database: Callable[..., dict[str, str]], function: Callable[..., object]
) -> None:
    with (
        psycopg.connect(**make_database("api_server"), autocommit=True) as connection,
        pytest.raises(errors.ObjectNotInPrerequisiteState) as caught,
    ):
        function(connection, "text")
    assert caught.value.diag.message_primary == "app.encryption_key is not set"
    assert "set_config('app.encryption_key', $1, false)" in str(caught.value.diag.message_hint)


@pytest.mark.parametrize("function", [encrypt, decrypt])
@pytest.mark.parametrize("key", ["", "   "])
def test_an_empty_key_is_refused(api_server: Connection, function: Callable[..., object], key: str) -> None:
    use_key(api_server, key)
    with pytest.raises(errors.ObjectNotInPrerequisiteState) as caught:
        function(api_server, "text")
    assert caught.value.diag.message_primary == "app.encryption_key is empty"


def test_a_key_for_one_transaction_is_gone_after_it(make_database: Callable[..., dict[str, str]]) -> None:
    with psycopg.connect(**make_database("api_server"), autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SELECT set_config('app.encryption_key', %s, true)", [KEY])
            encrypted = encrypt(connection, "secret")
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match=r"app\.encryption_key is empty"):
            decrypt(connection, encrypted)


def test_a_key_can_come_with_the_connection(make_database: Callable[..., dict[str, str]]) -> None:
    options = f"-c app.encryption_key={KEY.replace(' ', chr(92) + ' ')}"
    with psycopg.connect(**make_database("api_server"), options=options) as connection:
        assert decrypt(connection, encrypt(connection, "secret")) == "secret"
        assert connection.execute("SHOW app.encryption_key").fetchall() == [(KEY,)]


@pytest.mark.parametrize(
    ("damage", "detail"),
    [
        pytest.param(lambda text: text, "Wrong key or corrupt data.", id="wrong key"),
        pytest.param(lambda text: text[: len(text) // 8 * 4], "Wrong key or corrupt data.", id="cut"),
        pytest.param(lambda text: "AAAA" + text[4:], "Wrong key or corrupt data.", id="changed"),
        pytest.param(lambda _: "", "Wrong key or corrupt data.", id="empty"),
        pytest.param(
            lambda _: "4111-1111", 'Invalid symbol "-" found while decoding base64 sequence.', id="plain text"
        ),
        pytest.param(lambda text: text[:-3], "Invalid base64 end sequence.", id="cut in a group"),
    ],
)
def test_a_value_that_cannot_be_decrypted_is_refused(
    api_server: Connection, damage: Callable[[str], str], detail: str
) -> None:
    use_key(api_server, KEY)
    encrypted = encrypt(api_server, "secret")
    assert encrypted is not None
    use_key(api_server, "another key")
    with pytest.raises((errors.ExternalRoutineInvocationException, errors.InvalidParameterValue)) as caught:
        decrypt(api_server, damage(encrypted))
    assert caught.value.diag.message_primary == "the value cannot be decrypted"
    assert caught.value.diag.message_detail == detail
    assert caught.value.diag.message_hint == "Is app.encryption_key the key that it was encrypted with?"


def test_the_key_is_in_no_error_and_in_no_logged_plan(api_server: Connection) -> None:
    """auto_explain logs every statement inside the functions with its plan; notices bring the log here."""
    said: list[str] = []
    api_server.add_notice_handler(
        lambda diagnostic: said.append(
            f"{diagnostic.message_primary} {diagnostic.message_detail} {diagnostic.context}"
        )
    )
    use_key(api_server, KEY)
    encrypted = encrypt(api_server, "secret")
    api_server.execute("LOAD 'auto_explain'")
    for setting, value in {
        "auto_explain.log_min_duration": "0",
        "auto_explain.log_nested_statements": "on",
        "auto_explain.log_verbose": "on",
        "auto_explain.log_analyze": "on",
        "client_min_messages": "debug1",
    }.items():
        api_server.execute("SELECT set_config(%s, %s, false)", [setting, value])
    assert decrypt(api_server, encrypted) == "secret"
    assert encrypt(api_server, "secret")
    assert any("pgp_sym_decrypt" in line for line in said), "the inner statement was not logged"
    with pytest.raises(errors.ExternalRoutineInvocationException) as caught:
        decrypt(api_server, "AAAA")
    diagnostic = caught.value.diag
    said += [
        str(getattr(diagnostic, name)) for name in dir(diagnostic) if name.startswith(("message_", "context"))
    ]
    said.append(str(caught.value))
    assert [line for line in said if KEY in line] == []


def test_the_functions_do_not_follow_the_callers_search_path(api_server: Connection) -> None:
    """A function named like pgcrypto's and first on the path would get the text and could read the key."""
    api_server.execute("CREATE SCHEMA trap")
    for name in ("encode(bytea, text)", "pgp_sym_encrypt(text, text, text)", "current_setting(text)"):
        kind = "bytea" if name.startswith("pgp") else "text"
        api_server.execute(
            f"CREATE FUNCTION trap.{name} RETURNS {kind} LANGUAGE sql AS 'SELECT NULL::{kind}'"
        )
    api_server.execute("SET LOCAL search_path = trap, pg_catalog, public")
    use_key(api_server, KEY)
    assert decrypt(api_server, encrypt(api_server, "secret")) == "secret"


def test_pgcrypto_may_live_in_a_schema_of_its_own(api_server: Connection) -> None:
    use_key(api_server, KEY)
    before = encrypt(api_server, "secret")
    api_server.execute('CREATE SCHEMA "Own Extensions"')
    api_server.execute('ALTER EXTENSION pgcrypto SET SCHEMA "Own Extensions"')
    assert decrypt(api_server, before) == "secret"
    assert decrypt(api_server, encrypt(api_server, "secret")) == "secret"


@pytest.mark.parametrize("function", [encrypt, decrypt])
def test_a_missing_pgcrypto_is_named(api_server: Connection, function: Callable[..., object]) -> None:
    use_key(api_server, KEY)
    api_server.execute("DROP EXTENSION pgcrypto")
    with pytest.raises(errors.UndefinedObject, match="extension pgcrypto is not installed"):
        function(api_server, "text")


def test_volatility_strictness_and_rights_are_as_declared(api_server: Connection) -> None:
    rows = api_server.execute(
        "SELECT proname::text, provolatile::text, proisstrict, prosecdef, proconfig FROM pg_proc"
        " WHERE proname LIKE '%\\_sensitive\\_data' ORDER BY 1"
    ).fetchall()
    path = ["search_path=pg_catalog, pg_temp"]
    assert rows == [
        ("decrypt_sensitive_data", "s", True, False, path),
        ("encrypt_sensitive_data", "v", True, False, path),
    ]
