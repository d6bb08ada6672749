"""Parse database URLs and libpq's `key=value` strings into keywords.

libpq does the parsing, so everything that `psql` accepts is accepted here: several hosts, IPv6, sockets. Its
error messages quote the string, and with it the password, so none of them is passed on.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote_plus

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from runner.errors import ConfigurationError
from runner.settings import Secret
from runner.wording import nearest

# postgresql+psycopg:// is SQLAlchemy's, postgresql+runner:// and psql:// are yoyo's
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_OURS = re.compile(r"(postgres|postgresql|psql)(\+\w+)?", re.IGNORECASE)
_KEYWORDS = re.compile(r"\s*[a-z_]+\s*=", re.IGNORECASE)
_HOST = re.compile(
    r"(\[[0-9A-Fa-f:.]*(%25[\w.~-]+)?\]|[^:\[\]]*)(:\d*)?"
)  # %25eth0: the zone of a link-local address
_PLAIN_PATH = re.compile(r'(\w[\w$]*|"\$user")(\s*,\s*(\w[\w$]*|"\$user"))*')
_FORMS = "postgresql://user:password@host:5432/database"
_ENCODE = (
    "Percent-encode the characters @ : / ? # % and spaces in the user name and the password, or give the "
    "password unencoded in DB_PASSWORD (with DB_HOST, DB_USERNAME, DB_DATABASE) or DB_SECRET_ARN."
)


def parse(text: str, *, source: str) -> tuple[dict[str, str], Secret | None]:
    """Return libpq's keywords, and separately the password.

    `?schema=` is yoyo's option for where tables are created; it becomes the session's search_path.

    Raises: ConfigurationError, which never shows any part of the string that could be secret.
    """
    text = text.strip()
    if text[:1] in {'"', "'"}:
        raise ConfigurationError(
            f"{source} begins with a quotation mark", hint="Remove the quotation marks around it."
        )
    if _KEYWORDS.match(text):
        parameters = _libpq(text, source=source)
    else:
        address, schema = _normalise(text, source=source)
        parameters = _libpq(address, source=source)
        if schema is not None:
            path = schema if _PLAIN_PATH.fullmatch(schema) else '"' + schema.replace('"', '""') + '"'
            option = "-c search_path=" + re.sub(r"([\\\s])", r"\\\1", path)
            parameters["options"] = " ".join(filter(None, (parameters.get("options"), option)))
    password = parameters.pop("password", None)
    return parameters, Secret(password) if password else None


def names_schema(text: str) -> bool:
    """Return whether a URL has yoyo's `?schema=`."""
    _, _, query = text.partition("?")
    return _SCHEME.match(text.strip()) is not None and any(key == "schema" for key, _ in parse_qsl(query))


def _normalise(url: str, *, source: str) -> tuple[str, str | None]:
    """Return a URL that libpq understands, and separately yoyo's `schema`."""
    scheme = _SCHEME.match(url)
    if scheme is None:
        raise ConfigurationError(f"{source} is not a database URL", hint=f"It has the form {_FORMS}")
    if not _OURS.fullmatch(scheme[1]):
        raise ConfigurationError(
            f"{source} is a URL for {scheme[1].lower()}, not for PostgreSQL", hint=f"It has the form {_FORMS}"
        )
    rest, _, query = url[scheme.end() :].partition("?")
    _check_delimiters(rest, query, source=source)
    schema = None
    kept = []
    for key, value in _query(query, source=source):
        if key == "schema":
            schema = value
        else:
            kept.append(f"{quote(key)}={quote(value, safe='')}")
    return f"postgresql://{rest}" + ("?" + "&".join(kept) if kept else ""), schema


def _query(query: str, *, source: str) -> list[tuple[str, str]]:
    # libpq keeps a "+" in a query; a form decoder would turn it into a space
    try:
        return parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        pass
    raise ConfigurationError(
        f"the part of {source} after its '?' is not a list of key=value",
        hint=f"{_ENCODE} Or correct that list.",
    )


def _check_delimiters(rest: str, query: str, *, source: str) -> None:
    """Refuse a password with unencoded delimiters: libpq would read parts of it as the host, and show them."""
    authority, _, path = rest.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    misread = (
        "@" in path or "@" in credentials or (not at and "@" in unquote_plus(query) and "=" not in query)
    )
    if misread or not all(_HOST.fullmatch(host) for host in hosts.split(",")):
        raise ConfigurationError(
            f"{source} is not a valid URL: user, password, host and port cannot be separated",
            detail="A character that has a meaning in URLs is not percent-encoded.",
            hint=_ENCODE,
        )


def _libpq(text: str, *, source: str) -> dict[str, str]:

    try:
        return {key: str(value) for key, value in conninfo_to_dict(text).items() if value != ""}
    except psycopg.Error as error:
        said = str(error)
    raise _refusal(said, source=source)


def _refusal(said: str, *, source: str) -> ConfigurationError:
    """Translate libpq's complaint without quoting it; only the name of an option may be repeated."""
    unknown = re.search(r'invalid (?:URI query parameter:|connection option) "(\w+)"', said)
    if unknown:
        # not even this word is repeated: it may be part of a password with an unencoded space, "?" or "="
        near = nearest(unknown[1].lower(), _options())
        return ConfigurationError(
            f"{source} has an unknown connection option",
            hint=(f"{near} " if near else "")
            + 'See "Parameter Key Words" in the PostgreSQL manual. '
            + _ENCODE,
        )
    if "percent-encoded" in said:
        return ConfigurationError(
            f"{source} has a '%' that is not followed by two hexadecimal digits", hint=_ENCODE
        )
    if "port" in said:
        return ConfigurationError(f"the port in {source} is not a number from 1 to 65535", hint=_ENCODE)
    return ConfigurationError(
        f"{source} is neither a database URL nor a list of key=value settings that libpq can read",
        hint=_ENCODE,
    )


def _options() -> list[str]:

    return [option.keyword.decode() for option in pq.Conninfo.get_defaults()]
