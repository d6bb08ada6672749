"""Open a session with time limits."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import psycopg

from runner.errors import ConfigurationError
from runner.limits import DEFAULT, Limits
from runner.server.connection.interruption import InterruptibleConnection

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from runner.server.credentials import Target

OLDEST = 14
# A dead peer is noticed within about a minute even while a statement runs for hours. A NAT or load balancer drops
# idle connections (after 350 s on AWS), but not ours. libpq ignores these settings for a Unix socket.
_KEEPALIVE = {
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_CHECK_INTERVAL = "client_connection_check_interval"


def connect(
    target: Target,
    *,
    application_name: str = "runner",
    limits: Limits = DEFAULT,
    connect_timeout_s: int = 10,
    session_pool: bool = False,
) -> psycopg.Connection[TupleRow]:
    """Connect in autocommit, with time limits; the target's own parameters (`options`, keepalives, …) win.

    A refused password is read again once, as it may have been rotated. Server-side prepared statements are off: they
    break behind older poolers and outlive the schema they were planned for. Through a pool in session mode the
    limits are set after connecting, since poolers refuse `options`.

    Raises: CredentialsError or ConfigurationError if the server refuses us, UnreachableError if it does not
    answer or has no free connection. None of them shows a secret.
    """
    # psycopg logs a failed cancel or rollback to stderr; the error that follows explains it better
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    current, renewed, check_client, passed = target.fresh(), False, True, False
    while True:
        own = current.parameters.get("options", "")
        keywords = {
            "connect_timeout": str(connect_timeout_s),
            **_KEEPALIVE,
            **current.conninfo(),
            "application_name": application_name,
            "client_encoding": "UTF8",
        }
        if not session_pool:
            keywords["options"] = f"{limits.options(check_client=check_client)} {own}".rstrip()
        try:
            connection = InterruptibleConnection.connect(autocommit=True, prepare_threshold=None, **keywords)  # type: ignore[arg-type]
        except psycopg.Error as error:
            if check_client and _CHECK_INTERVAL in str(error):
                check_client = False  # the server's platform cannot check its client
                continue
            # a start that connects needs neither
            from runner.server.connection import refusals, sqlstate

            refusal = refusals.refusal_of(
                error, current, ask=partial(sqlstate.ask, keywords, timeout_s=connect_timeout_s)
            )
            if refusal.kind is refusals.Refusal.PASSED and not passed:
                passed = True
                continue
            if refusal.kind is refusals.Refusal.PASSWORD and target.refresh is not None and not renewed:
                current, renewed = target.refresh(), True
                continue
            raise refusal.as_error() from error
        break
    version = connection.info.server_version // 10_000
    if version < OLDEST:
        connection.close()
        raise ConfigurationError(
            f"the server at {target.address} is PostgreSQL {version}, and {OLDEST} is the oldest supported",
            hint=f"Upgrade the server to PostgreSQL {OLDEST} or newer.",
        )
    if session_pool:
        limits_set = "; ".join(f"SET {name} = {value}" for name, value in limits.settings().items())
        connection.execute(limits_set.encode())
    return connection
