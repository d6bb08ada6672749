"""Where the database is and who we are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from runner.settings import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One database: libpq's connection parameters as keywords, never as a URL string."""

    parameters: Mapping[str, str]  # libpq keywords (host, port, user, dbname, sslmode, …) without the password
    password: Secret | None = None
    source: str  # where this came from, for messages: "DATABASE_URL", "DB_SECRET_ARN", "the local server"
    refresh: Callable[[], Target] | None = field(default=None, repr=False)  # fetch short-lived credentials anew

    @property
    def name(self) -> str:
        """The database's name."""
        return self.parameters.get("dbname", "")

    def conninfo(self) -> dict[str, str]:
        """Return the keywords for `psycopg.connect`, password included."""
        secret = {} if self.password is None else {"password": self.password.reveal()}
        return {**self.parameters, **secret}
