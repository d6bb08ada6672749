"""Explain why connecting failed, and what to do.

During start-up libpq reports no SQLSTATE, only text: the server's in its own language, libpq's in English. English
texts are recognized. For a server in another language the SQLSTATE is fetched, and its text is passed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from runner.errors import ConfigurationError, CredentialsError, RunnerError, UnreachableError
from runner.server.connection.sqlstate import CONNECTED

if TYPE_CHECKING:
    import psycopg

    from runner.server.credentials import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One reason: how to recognize it, and its message; `{address}`, `{user}` and so on are filled in."""

    pattern: str
    error: type[RunnerError]
    message: str
    hint: str
    sqlstate: str | None = None


_AGAIN = "Run the same command again, or wait for it with: runner wait"
_REFUSED_SETTING = _Case(
    pattern=r"unrecognized configuration parameter|invalid value for parameter|"
    r"permission denied to set parameter",
    error=ConfigurationError,
    message="the server at {address} refuses a setting from {source}",
    hint="Correct the options in the URL, in PGOPTIONS, or of the role.",
)
_CASES = (
    _Case(
        pattern=r"password authentication failed|PAM authentication failed",
        error=CredentialsError,
        message="password authentication failed for user {user!r} at {address}",
        hint="Correct the user name or the password that {source} gives. For RDS tokens the "
        "role needs: GRANT rds_iam.",
        sqlstate="28P01",
    ),
    _Case(
        pattern=r"no password supplied",
        error=CredentialsError,
        message="the server at {address} asks for a password for {user!r}, and {source} has none",
        hint="Add it to the URL, or set DB_PASSWORD, PGPASSWORD or a .pgpass file.",
        sqlstate="28P01",
    ),
    _Case(
        pattern=r"no pg_hba\.conf entry .*no encryption",
        error=CredentialsError,
        message="the server at {address} does not accept {user!r} to {name!r} without TLS",
        hint="Set DB_SSL_MODE=verify-full and DB_SSL_ROOT_CERT (or sslmode and sslrootcert in the URL).",
        sqlstate="28000",
    ),
    _Case(
        pattern=r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        error=CredentialsError,
        message="the server at {address} does not accept {user!r} to {name!r} from this address",
        hint="Add a line for them to the server's pg_hba.conf; on RDS check the security group "
        "and rds.force_ssl.",
        sqlstate="28000",
    ),
    _Case(
        pattern=r"(role|user) \".*\" does not exist",
        error=CredentialsError,
        message="the server at {address} has no role {user!r}",
        hint="Correct the user name that {source} gives, or create the role: CREATE ROLE … LOGIN",
        sqlstate="28000",
    ),
    _Case(
        pattern=r"is not permitted to log in",
        error=CredentialsError,
        message="the role {user!r} is not permitted to log in",
        hint="Connect as another role, or run: ALTER ROLE … LOGIN",
        sqlstate="28000",
    ),
    _Case(
        pattern=r"(Peer|Ident|certificate|LDAP|GSSAPI|RADIUS|SSPI|OAuth\S*) authentication failed",
        error=CredentialsError,
        message="authentication failed for user {user!r} at {address}",
        hint="The server does not use a password here; see its pg_hba.conf.",
        sqlstate="28000",
    ),
    _Case(
        pattern=r"database \".*\" does not exist",
        error=CredentialsError,
        message="there is no database {name!r} at {address}",
        hint="Correct the name that {source} gives, or create it: CREATE DATABASE … (runner "
        "creates databases only on its local server)",
        sqlstate="3D000",
    ),
    _Case(
        pattern=r"permission denied for database",
        error=CredentialsError,
        message="the role {user!r} has no right to connect to the database {name!r}",
        hint="As the database's owner, run: GRANT CONNECT ON DATABASE … TO …",
        sqlstate="42501",
    ),
    _Case(
        pattern=r"not currently accepting connections",
        error=CredentialsError,
        message="the database {name!r} accepts no connections",
        hint="If it is not a template, connect to another database of the server, such as postgres, and run: "
        'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true',
        sqlstate="55000",
    ),
    _Case(
        pattern=r"too many (clients|connections)|connection slots are reserved|too many .*connections",
        error=UnreachableError,
        message="the server at {address} has no connection left for {user!r}",
        hint="End idle sessions or raise the limit (max_connections, ALTER ROLE … CONNECTION LIMIT). "
        + _AGAIN,
        sqlstate="53300",
    ),
    _Case(
        pattern=r"system is (starting up|shutting down|in recovery mode)|not yet accepting connections|"
        r"terminating connection due to administrator command|recovery state has not been yet reached",
        error=UnreachableError,
        message="the server at {address} is starting up or shutting down",
        hint=_AGAIN,
        sqlstate="57P03",
    ),
    _Case(
        pattern=r"unsupported startup parameter|no such database: |query_wait_timeout|server login failed",
        error=ConfigurationError,
        message="a connection pooler answers at {address}, and does not support what a migration needs",
        hint="Give the server's own address with --direct-url or DIRECT_DATABASE_URL: the migration lock and settings "
        "need a session of their own. If the pool is in session mode, add --session-pool",
    ),
    _REFUSED_SETTING,
    _Case(
        pattern=r"certificate verify failed",
        error=ConfigurationError,
        message="the certificate of the server at {address} is not signed by the CA that we trust",
        hint="Set DB_SSL_ROOT_CERT (sslrootcert) to the file of the right CA; for RDS, its region's bundle.",
    ),
    _Case(
        pattern=r"does not match host name|host name must be specified for a verified",
        error=ConfigurationError,
        message="the server's certificate does not match the host name {address}",
        hint="Connect with a host name that is in the certificate, not an IP address or an alias.",
    ),
    _Case(
        pattern=r"root certificate file .* does not exist|private key file|"
        r"could not (read|load|get) (root )?(certificate|home|private|the)|"
        r"certificate file .*(does not exist|could not)",
        error=ConfigurationError,
        message="a certificate or key for the connection to {address} cannot be used",
        hint="Check DB_SSL_ROOT_CERT, DB_SSL_CERT, DB_SSL_KEY; a key must be readable only by its "
        "owner (chmod 600).",
    ),
    _Case(
        pattern=r"server does not support SSL",
        error=ConfigurationError,
        message="the server at {address} does not support TLS, and {source} requires it",
        hint="Turn ssl on in the server. Only in a network that you trust, use sslmode=disable in the URL or DB_SSL_MODE=disable.",
    ),
    _Case(
        pattern=r"invalid response to SSL negotiation|expected authentication request|"
        r"unsupported frontend protocol|expected .* message from server",
        error=ConfigurationError,
        message="what answers at {address} is not PostgreSQL",
        hint="Correct the host or the port.",
    ),
    _Case(
        pattern=r"in hot standby mode|is read-only|is not read-only",
        error=UnreachableError,
        message="no server at {address} matches target_session_attrs",
        hint="Is a failover in progress? " + _AGAIN,
    ),
    _Case(
        pattern=r"failed to resolve host|could not translate host name",
        error=UnreachableError,
        message="cannot resolve the host name in {address}",
        hint="Correct the host name that {source} gives. In Kubernetes: does the NetworkPolicy "
        "allow DNS, UDP and TCP 53?",
    ),
    _Case(
        pattern=r"Connection refused",
        error=UnreachableError,
        message="nothing listens at {address}",
        hint="Start PostgreSQL, or correct the host or the port that {source} gives.",
    ),
    _Case(
        pattern=r"No such file or directory.*socket|on socket .*No such file or directory",
        error=UnreachableError,
        message="no server listens on the socket in {address}",
        hint="Start PostgreSQL, or correct the folder that {source} gives.",
    ),
    _Case(
        pattern=r"Permission denied",
        error=CredentialsError,
        message="permission denied for the socket in {address}",
        hint="Run as the user who owns that folder, or connect by host name.",
    ),
    _Case(
        pattern=r"timeout expired|timed out",
        error=UnreachableError,
        message="the server at {address} does not answer in time",
        hint="Is the address right, and does a firewall, security group or NetworkPolicy allow port {port}?",
    ),
    _Case(
        pattern=r"No route to host|Network is unreachable|Host is down|Cannot assign requested address",
        error=UnreachableError,
        message="no route to {address}",
        hint="Check the address, the VPN and the routes. " + _AGAIN,
    ),
    _Case(
        pattern=r"server closed the connection unexpectedly|Connection reset|SSL SYSCALL error|"
        r"unexpected eof|Broken pipe",
        error=UnreachableError,
        message="the server at {address} closed the connection without an answer",
        hint="It may be restarting, or it is a proxy without a server behind it. " + _AGAIN,
    ),
    _Case(
        pattern=r"local user with ID \d+ does not exist",
        error=ConfigurationError,
        message="no database user is given, and this process's uid has no name to use instead",
        hint="Name the user in the URL, in DB_USERNAME or in PGUSER.",
    ),
    _Case(
        pattern=r"invalid \"?\w+\"? value: |bad value for \w+|invalid SCRAM|invalid connection option|"
        r"invalid port number|invalid integer value",
        error=ConfigurationError,
        message="a connection parameter has an invalid value",
        hint='Correct {source}; libpq\'s parameters are listed in the manual, "Database Connection Control Functions".',
    ),
    _Case(
        pattern=r"channel binding|authentication method requirement|SCRAM-SHA-256-PLUS",
        error=ConfigurationError,
        message="the server at {address} does not authenticate as {source} requires",
        hint="Correct channel_binding or require_auth (PGCHANNELBINDING, PGREQUIREAUTH). Channel binding needs TLS, and a "
        "password stored as scram-sha-256.",
    ),
    _Case(
        pattern=r"requirepeer specifies",
        error=ConfigurationError,
        message="the server on the socket in {address} does not run as the user that {source} requires",
        hint="Correct requirepeer (PGREQUIREPEER), or the folder of the socket.",
    ),
    _Case(
        pattern=r"GSSAPI|server certificate request|sslcertmode|did not request (an SSL|a) certificate",
        error=ConfigurationError,
        message="the server at {address} does not encrypt or identify itself as {source} requires",
        hint="Correct gssencmode or sslcertmode (PGGSSENCMODE, PGSSLCERTMODE).",
    ),
    _Case(
        pattern=r"alert (unknown ca|bad certificate|certificate (unknown|expired|required|revoked)|handshake failure)|"
        r"requires a valid client certificate",
        error=ConfigurationError,
        message="the server at {address} requires a client certificate, or does not accept ours",
        hint="Set DB_SSL_CERT and DB_SSL_KEY (sslcert, sslkey) to a certificate that its CA signed.",
    ),
    _Case(
        pattern=r"unsupported protocol|(?<!invalid SSL )protocol version|no protocols available|wrong version number|"
        r"no application protocol|direct SSL",
        error=ConfigurationError,
        message="the server at {address} does not support the TLS or protocol version that {source} requires",
        hint="Correct ssl_min_protocol_version, ssl_max_protocol_version, sslnegotiation, min_protocol_version or "
        "max_protocol_version; direct TLS needs PostgreSQL 17.",
    ),
    _Case(
        pattern=r"(could not|cannot) match \d+|could not parse network address|weak sslmode|may not be used with|"
        r"\w+ value \".*\" invalid|invalid SSL protocol version range",
        error=ConfigurationError,
        message="the connection parameters in {source} contradict each other",
        hint="With several hosts, give one port for all or one per host, and as many hostaddr. libpq's parameters are listed "
        'in the manual, "Parameter Key Words".',
    ),
    _Case(
        pattern=r"definition of service .* not found|service file",
        error=ConfigurationError,
        message="the service that {source} names is not in the service file",
        hint="Correct service= or PGSERVICE, or the file, which is PGSERVICEFILE or ~/.pg_service.conf.",
    ),
)


# Reasons by SQLSTATE alone, less exact than the English texts: 28000 has many reasons.
_BY_SQLSTATE = {
    "28000": _Case(
        pattern="",
        error=CredentialsError,
        message="the server at {address} does not accept {user!r} to {name!r}",
        hint="Check the user name that {source} gives, whether the role exists and may log in, and the server's pg_hba.conf.",
        sqlstate="28000",
    ),
    "42501": _Case(
        pattern="",
        error=CredentialsError,
        message="the role {user!r} has no right to connect to the database {name!r}, or to set what {source} sets",
        hint="As the database's owner, run: GRANT CONNECT ON DATABASE … TO …; or correct the options in the URL.",
        sqlstate="42501",
    ),
    "42704": _REFUSED_SETTING,
    "22023": _REFUSED_SETTING,
}
# Classes of SQLSTATEs that are temporary: connection exception, insufficient resources, operator intervention, system error.
_PASSING = ("08", "53", "57", "58")
_BUSY = _Case(
    pattern="",
    error=UnreachableError,
    message="the server at {address} accepts no connection at the moment",
    hint="Is it starting up, shutting down, full, or being promoted? " + _AGAIN,
)


def _by_sqlstate(code: str) -> _Case | None:
    if code == CONNECTED:
        return _BUSY
    known = next((case for case in _CASES if case.sqlstate == code and code not in _BY_SQLSTATE), None)
    passing = replace(_BUSY, sqlstate=code) if code[:2] in _PASSING else None
    return _BY_SQLSTATE.get(code) or known or passing


class Refusal(Enum):
    """What the caller may do."""

    PASSED = auto()  # a second connection succeeded
    PASSWORD = auto()  # the password may have been rotated since it was read
    OTHER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A recognized failure to connect."""

    kind: Refusal
    error: RunnerError

    def as_error(self) -> RunnerError:
        """Return the error to raise."""
        return self.error


def refusal_of(
    error: psycopg.Error, target: Target, *, ask: Callable[[], str | None] = lambda: None
) -> Reason:
    """Return the reason for `error`; the text of libpq or the server becomes the detail, without any password.

    `ask` returns the SQLSTATE of a refusal by connecting again; it is called for a text that is not recognized.
    """
    said = _without_secret(str(error), target)
    # with several hosts psycopg repeats itself host by host; the last failure comes first
    last = said.partition("\nMultiple connection attempts failed.")[0]
    # libpq writes two spaces after the server's severity, in any language, and nowhere else
    said_by_server = re.search(r"(?:^|: )[^:\n]{1,40}:  (.*)", last, re.DOTALL)
    # if TLS is optional libpq tries twice, and repeats the server's text
    server = None if said_by_server is None else said_by_server[1].partition("\nconnection to server ")[0]
    case = next((case for case in _CASES if re.search(case.pattern, last, re.DOTALL | re.IGNORECASE)), None)
    code = ask() if server is not None and case is None else None
    if code is not None:
        case = _by_sqlstate(code)
    # no SQLSTATE is known, but the server asked for a password and then refused
    asked = error.pgconn is not None and bool(error.pgconn.used_password)
    refused = case.sqlstate == "28P01" if case else asked and server is not None and code is None
    refused = refused or (
        code == "28000" and asked
    )  # PAM, LDAP and RADIUS have no SQLSTATE for a wrong password
    # libpq's first line is the fact; the rest asks whether the server is running
    fact = (
        server
        if server is not None
        else re.sub(r"^connection (failed|is bad): ", "", last).partition("\n")[0]
    )
    detail = " ".join(fact.split())
    if case is None:
        made: RunnerError = (CredentialsError if server else UnreachableError)(
            f"the server at {target.address} refuses the connection"
            if server
            else f"cannot connect to {target.address}",
            detail=_sentence(detail),
            hint=f"Check what {target.source} gives.",
        )
    else:
        words = {
            "address": target.address,
            "user": target.parameters.get("user", ""),
            "name": target.name,
            "source": target.source,
            "port": target.parameters.get("port", "5432"),
        }
        made = case.error(
            case.message.format_map(words),
            detail=_sentence(detail),
            hint=case.hint.format_map(words),
            sqlstate=case.sqlstate,
        )
    kind = Refusal.PASSED if code == CONNECTED else Refusal.PASSWORD if refused else Refusal.OTHER
    return Reason(kind=kind, error=made)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else text + "."


def _without_secret(text: str, target: Target) -> str:
    """Remove the password, in case a server or proxy echoes it."""
    secret = target.password.reveal() if target.password else ""
    return text.replace(secret, "***") if len(secret) > 3 else text
