"""Time limits, and how durations are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

# PostgreSQL's "Numeric with Unit" values (manual, "Setting Parameters"): a bare number is in milliseconds
_DURATION = re.compile(r"([0-9]+)\s*(us|ms|s|min|h|d)?")
_UNIT_MS = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_MS = 2**31 - 1  # PostgreSQL keeps them in 32 bits
_AS_THE_LEXER_READS = {"standard_conforming_strings": 1}  # even if a role or database has it off
_OUR_PAUSES = {"idle_session_timeout": 0}  # between retries or batches the session is idle on purpose
# In seconds. A machine that vanishes sends nothing, and its session holds the migration lock until the server notices.
_SERVER_KEEPALIVE = {"tcp_keepalives_idle": 10, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 3}


def milliseconds(text: str) -> int | None:
    """Return a duration such as 500ms, 5s or 2min in milliseconds; None if it is not a duration."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return None
    value = int(match[1]) * _UNIT_MS[match[2] or "ms"]
    # PostgreSQL itself rounds 400us to 0, which would mean no limit at all
    return max(round(value), 1 if value else 0) if value <= _LONGEST_MS else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Time limits in milliseconds, 0 for none; how often to retry after a lock timeout, and when to give way."""

    lock_timeout_ms: int = 3_000
    statement_timeout_ms: int = 0
    idle_in_transaction_session_timeout_ms: int = 300_000
    client_connection_check_interval_ms: int = 1_000  # the server ends the work of a client that died
    concurrently_timeout_ms: int = 21_600_000  # of one CONCURRENTLY statement, including its waits
    lock_retries: int = 10
    transaction_timeout_ms: int | None = None  # None: as role and database have it, if the server knows it
    max_blocked: int = 0  # give way once this many sessions queue behind us; 0: never

    def options(self, *, check_client: bool = True) -> str:
        """Return libpq's `options`: set at start-up, they are what RESET ALL restores."""
        settings = self.settings() | _SERVER_KEEPALIVE | _AS_THE_LEXER_READS
        if check_client:
            settings["client_connection_check_interval"] = self.client_connection_check_interval_ms
        return " ".join(f"-c {name}={value}" for name, value in settings.items())

    def settings(self) -> dict[str, int]:
        """Return PostgreSQL's settings of these names, in milliseconds."""
        longest = self.transaction_timeout_ms
        return {
            "lock_timeout": self.lock_timeout_ms,
            "statement_timeout": self.statement_timeout_ms,
            "idle_in_transaction_session_timeout": self.idle_in_transaction_session_timeout_ms,
            **_OUR_PAUSES,
            **({} if longest is None else {"transaction_timeout": longest}),
        }


DEFAULT = Limits()


class Waits(NamedTuple):
    """How long a run waits, in seconds."""

    lock_s: float = 60.0  # for another runner
    reconnect_s: float = 30.0  # for a server that is gone
