"""The sources of the database's address, in order of precedence."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runner.errors import ConfigurationError, CredentialsError
from runner.server.credentials import address, libpq
from runner.server.credentials.target import Target
from runner.server.credentials.variables import Variable, Variables, prefix_of
from runner.settings import Secret, Settings

_NOT_ALWAYS_TLS = ("disable", "allow", "prefer")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SSL_FILES = {"sslrootcert": "DB_SSL_ROOT_CERT", "sslcert": "DB_SSL_CERT", "sslkey": "DB_SSL_KEY"}
_ENGINES = ("postgres", "postgresql", "aurora-postgresql")


@dataclass(slots=True, kw_only=True)
class _Found:
    """The content of one source, before missing parts are filled in."""

    source: str
    parameters: dict[str, str] = field(default_factory=dict)
    password: Secret | None = None
    own: bool = False  # it is for this database only
    names_schema: bool = False
    rereadable: bool = False  # a secret or a file, whose content may have changed since


def resolve(settings: Settings, database: str | None, *, only: bool = True) -> Target | None:
    """Return the address and credentials of `database`, or None if nothing is configured.

    The order is: `--direct-url`, `--url`; then, first with the database's prefix (`CARTHUB_`) and then without,
    `DIRECT_DATABASE_URL` (bypasses a pooler), `DATABASE_URL`,
    `DB_SECRET_ARN`, `DB_HOST` with its companions; yoyo.ini; libpq's `PG*` and service file.
    So a setting for one database wins over one for all. `DB_USERNAME`, `DB_PASSWORD` and so on are looked up one by
    one, so `CARTHUB_DB_DATABASE` can complete a common `DB_HOST`. `DB_SSL_*` fill in what any source leaves open.

    `only`: this database is the only one of the run. If a source without a prefix names no database, `database` is
    the name; one that names a database can be used only in a run with a single database.

    Raises: ConfigurationError, CredentialsError, UnreachableError (Secrets Manager).
    """
    variables = Variables(settings.environ, database)
    found = _find(settings, variables)
    if found is None:
        _refuse_fragments(variables)
        return None
    _choose_database(found, variables, only=only)
    target = Target(
        parameters=found.parameters,
        password=found.password,
        source=found.source,
        names_schema=found.names_schema,
    )
    if variables.flag("DB_IAM_AUTH") and found.source not in {"yoyo.ini", "PG*"}:
        return _with_tokens(target, variables)
    if found.rereadable:

        def again() -> Target:
            again = resolve(settings, database, only=only)
            return target if again is None else again

        return replace(target, refresh=again)
    return target


def _find(settings: Settings, variables: Variables) -> _Found | None:
    found: _Found | None = None
    if settings.direct_url is not None:
        found = _from_url(Variable("--direct-url", settings.direct_url.reveal(), own=False), variables)
    elif settings.url is not None:
        found = _from_url(Variable(settings.url_option, settings.url.reveal(), own=False), variables)
    for prefix in variables.prefixes:
        for name in ("DIRECT_DATABASE_URL", "DATABASE_URL"):
            if found is None and (url := variables.secret(name, prefix=prefix)):
                found = _from_url(url, variables)
        if found is None and (arn := variables.get("DB_SECRET_ARN", prefix=prefix)):
            found = _from_secret(arn, variables)
        if found is None and (host := variables.get("DB_HOST", prefix=prefix)):
            found = _from_parts(host, variables)
    if found is not None:
        _add_ssl(found.parameters, variables)
    if found is None and settings.yoyo_url is not None:
        found = _from_url(Variable("yoyo.ini", settings.yoyo_url.reveal(), own=False), variables)
    if found is None and (parameters := libpq.from_environment(settings.environ)):
        password = parameters.pop("password", None)
        found = _Found(source="PG*", parameters=parameters, password=Secret(password) if password else None)
    return found


def _from_url(url: Variable, variables: Variables) -> _Found:
    parameters, password = address.parse(url.value, source=url.name)
    # as in libpq, the URL's own parts win over its service
    parameters = libpq.of_service(parameters, variables.environ, source=url.name) | parameters
    held = parameters.pop("password", None)
    password = password or (Secret(held) if held else None)
    return _Found(
        source=url.name,
        parameters=parameters,
        password=password,
        own=url.own,
        rereadable=url.path is not None,
        names_schema=address.names_schema(url.value),
    )


def _from_parts(host: Variable, variables: Variables) -> _Found:
    """Read `DB_HOST`, `DB_PORT`, `DB_USERNAME` and so on."""
    password = variables.secret("DB_PASSWORD")
    found = _Found(
        source=host.name,
        parameters={"host": host.value.strip()},
        password=Secret(password.value) if password else None,
        own=host.own,
        rereadable=password is not None and password.path is not None,
    )
    _add_companions(found, variables)
    return found


def _from_secret(arn: Variable, variables: Variables) -> _Found:
    """Read RDS's JSON; `DB_HOST` and so on add what it lacks, and `DB_DATABASE` wins over it."""
    with needing_botocore(arn.name):
        from runner.server.credentials import aws

    held = aws.fetch_secret(arn.value.strip(), variable=arn.name, environ=variables.environ)
    engine = held.get("engine")
    if engine is not None and engine not in _ENGINES:
        raise CredentialsError(
            f"the secret that {arn.name} names is for {engine}, not for PostgreSQL",
            hint=f"Correct {arn.name}.",
        )
    fields = {
        "user": _text(held, "username", arn),
        "host": _text(held, "host", arn),
        "port": _text(held, "port", arn),
        "dbname": _text(held, "dbname", arn) or _text(held, "database", arn),
    }
    password = held.get("password")
    if not isinstance(password, str) or not password:
        raise CredentialsError(
            f'the secret that {arn.name} names has no "password", or one that is not text',
            hint="Store a JSON object with the keys that RDS uses.",
        )
    found = _Found(
        source=arn.name,
        parameters={key: value for key, value in fields.items() if value},
        password=Secret(password),
        own=arn.own,
        rereadable=True,
    )
    if "port" in found.parameters:
        _check_port(found.parameters["port"], f"the port in the secret that {arn.name} names")
    _add_companions(found, variables)
    for key, name, companion in (("user", "username", "DB_USERNAME"), ("host", "host", "DB_HOST")):
        if key not in found.parameters:
            raise CredentialsError(
                f'the secret that {arn.name} names has no "{name}"',
                hint=f'Set {companion}, or add "{name}" to the secret. '
                "A secret that RDS manages has only username and password.",
            )
    return found


def _text(held: dict[str, Any], key: str, arn: Variable) -> str:
    value = held.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise CredentialsError(
            f'"{key}" in the secret that {arn.name} names is neither text nor a number',
            hint="Correct the secret.",
        )
    return str(value).strip()


def _add_companions(found: _Found, variables: Variables) -> None:
    parameters = found.parameters
    for key, name in (("host", "DB_HOST"), ("port", "DB_PORT"), ("user", "DB_USERNAME")):
        if key not in parameters and (variable := variables.get(name)):
            parameters[key] = variable.value.strip()
            if key == "port":
                _check_port(parameters["port"], variable.name)
    if chosen := variables.get("DB_DATABASE"):
        parameters["dbname"] = chosen.value.strip()
        found.own = found.own or chosen.own


def _check_port(port: str, name: str) -> None:
    if port.startswith("tcp://"):
        prefix = name.removesuffix("_PORT").lower().replace("_", "-")
        raise ConfigurationError(
            f"{name} is {port}, which is not a port",
            detail=f"Kubernetes sets this variable in every pod of a namespace that has a "
            f"Service named {prefix!r}.",
            hint=f"Set enableServiceLinks: false in the pod, or set {name} in the pod yourself.",
        )
    for one in filter(None, port.split(",")):
        if not (one.isascii() and one.isdigit() and 1 <= int(one) <= 65535):
            raise ConfigurationError(f"{name} is not a number from 1 to 65535", hint="Unset it to use 5432.")


def _add_ssl(parameters: dict[str, str], variables: Variables) -> None:
    for key, name in _SSL_FILES.items():
        if key not in parameters and (variable := variables.get(name)):
            path = variable.value.strip()
            if path != "system" and not os.access(path, os.R_OK):
                raise ConfigurationError(
                    f"cannot read {path}, which {variable.name} names",
                    hint="Correct the path, or let this user read the file.",
                )
            parameters[key] = path if path == "system" else str(Path(path).absolute())
    if "sslmode" in parameters:
        return
    if mode := variables.get("DB_SSL_MODE"):
        word = mode.value.strip().lower().replace("_", "-")
        if word not in SSL_MODES:
            raise ConfigurationError(
                f"{mode.name} is not one of {', '.join(SSL_MODES)}",
                hint="Only verify-full checks the server's identity.",
            )
        parameters["sslmode"] = word
    elif "sslrootcert" in parameters and variables.get("DB_SSL_ROOT_CERT"):
        # with libpq's default, "prefer", the given CA would check nothing
        parameters["sslmode"] = "verify-full"


def _choose_database(found: _Found, variables: Variables, *, only: bool) -> None:
    """Fill in the database's name and the user; refuse one name for several databases."""
    parameters, database = found.parameters, variables.database
    if port := parameters.get("port", "").strip(","):
        _check_port(port, f"the port in {found.source}")
    for key, name in (("options", "PGOPTIONS"), ("connect_timeout", "PGCONNECT_TIMEOUT")):
        # libpq would ignore the variable, because a connection sets these keywords itself
        if value := variables.environ.get(name):
            parameters.setdefault(key, value)
    if not {"host", "hostaddr"}.intersection(parameters):
        # libpq would use these variables; they are copied here so that messages can name the server
        for key, name in (("host", "PGHOST"), ("hostaddr", "PGHOSTADDR"), ("port", "PGPORT")):
            if value := variables.environ.get(name):
                parameters.setdefault(key, value)
    if "service" in parameters:
        return
    if "user" not in parameters:
        parameters["user"] = variables.environ.get("PGUSER") or _system_user(found.source)
    named = parameters.get("dbname")
    if named and database and not only and not found.own:
        own = prefix_of(database)
        raise ConfigurationError(
            f"{found.source} names the database {named!r}, but this run is for several",
            hint=f"Choose one with --database; or remove the name from {found.source}, so that "
            f"each database is found under its own; or set {own}DATABASE_URL (or {own}DB_SECRET_ARN, "
            f"{own}DB_DATABASE) and so on for each.",
        )
    parameters["dbname"] = named or database or variables.environ.get("PGDATABASE") or parameters["user"]


def _system_user(source: str) -> str:

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        pass
    raise ConfigurationError(
        f"{source} names no database user, and this process's uid {os.geteuid()} has no name to use instead",
        hint="Name the user in the URL, in DB_USERNAME or in PGUSER.",
    )


def _with_tokens(target: Target, variables: Variables) -> Target:
    if target.password is not None:
        raise ConfigurationError(
            f"DB_IAM_AUTH is on, but {target.source} comes with a password",
            hint="Unset one of them: an RDS token replaces the password.",
        )
    host, user = target.parameters.get("host", ""), target.parameters["user"]
    if not host or "," in host or host.startswith("/"):
        raise ConfigurationError(
            "DB_IAM_AUTH needs one host name: that of the RDS endpoint", hint="Set DB_HOST to it."
        )
    # a token is sent in plain text, so RDS requires TLS; only verify-full also checks who gets it
    if (mode := target.parameters.get("sslmode")) in _NOT_ALWAYS_TLS:
        raise ConfigurationError(
            f"DB_IAM_AUTH needs TLS, and the mode is {mode}",
            detail="Whoever intercepts the token can connect with it.",
            hint="Set DB_SSL_MODE to verify-full, and DB_SSL_ROOT_CERT to the CA's bundle.",
        )
    with needing_botocore("DB_IAM_AUTH"):
        from runner.server.credentials import aws

    lasting = replace(target, parameters={"sslmode": "require", **target.parameters})

    def mint() -> Target:
        port = target.parameters.get("port", "5432")
        token = aws.mint_token(host=host, port=port, user=user, environ=variables.environ)
        return replace(lasting, password=token)

    return replace(lasting, refresh=mint)


@contextmanager
def needing_botocore(needed_for: str) -> Iterator[None]:
    """Turn an import that fails inside into an error; botocore is imported where it is used, because it is large.

    Raises: CredentialsError.
    """
    try:
        yield
    except ImportError as error:
        raise CredentialsError(
            f"{needed_for} needs boto3, which is not installed", hint="Run: pip install boto3"
        ) from error


def _refuse_fragments(variables: Variables) -> None:
    """Report what is missing if some `DB_*` are set: the local server is not what was meant.

    DB_PORT alone does not count: Kubernetes sets it for a Service named "db".
    """
    for name in (
        "DB_USERNAME",
        "DB_PASSWORD",
        "DB_PASSWORD_FILE",
        "DB_DATABASE",
        "DB_IAM_AUTH",
        "DB_NAME",
        "DB_USER",
    ):
        if variable := variables.get(name):
            raise ConfigurationError(
                f"{variable.name} is set, but DB_HOST is not",
                hint="Set DB_HOST too (with DB_PORT, DB_USERNAME, DB_PASSWORD, DB_DATABASE), "
                "or DATABASE_URL, "
                "or DB_SECRET_ARN.",
            )
