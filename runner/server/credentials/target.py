"""One database and how to connect to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.settings import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One database: libpq's connection parameters as keywords, never as a URL string.

    `refresh` looks the same target up again. Connecting calls it once if the password is refused, as it may have
    been rotated. With `password` None it is called before every connection: such credentials are created for
    one connection and expire soon (RDS tokens).
    """

    # libpq keywords (host, port, user, dbname, sslmode, …) without the password; not in repr, for sslpassword is one
    parameters: Mapping[str, str] = field(repr=False)
    password: Secret | None = None
    source: str  # where this came from, for messages: "DATABASE_URL", "DB_SECRET_ARN", "the local server"
    names_schema: bool = False  # with yoyo's ?schema=: history is there, or begins there
    refresh: Callable[[], Target] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The database's name."""
        return self.parameters.get("dbname", "")

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        host = self.parameters.get("host") or self.parameters.get("hostaddr") or "the default socket"
        port = self.parameters.get("port", "")
        hosts, ports = host.split(","), port.split(",")
        if len(ports) != len(hosts):
            ports = ports[:1] * len(hosts)
        return ", ".join(
            one
            if one.startswith(("/", "@")) or not number
            else f"[{one}]:{number}"
            if ":" in one
            else f"{one}:{number}"
            for one, number in zip(hosts, ports, strict=True)
        )

    def fresh(self) -> Target:
        """Return the target with credentials that are valid for one connection now."""
        return self.refresh() if self.password is None and self.refresh is not None else self

    def conninfo(self) -> dict[str, str]:
        """Return the keywords for `psycopg.connect`, password included."""
        secret = {} if self.password is None else {"password": self.password.reveal()}
        return {**self.parameters, **secret}
