"""Decide which server a command uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import ConfigurationError
from runner.events import Emit, silent
from runner.server import credentials

if TYPE_CHECKING:
    from runner.server.credentials import Target
    from runner.settings import Settings


def locate(
    settings: Settings,
    database: str | None,
    *,
    only: bool = True,
    emit: Emit = silent,
) -> Target:
    """Return the configured target, or else the local server's; on a person's machine it is created and started.

    `only`: see `runner.server.credentials.resolve`. `emit` gets what is done to the local server.

    Raises: ConfigurationError if nothing is configured and a local server may not be started.
    """
    target = credentials.resolve(settings, database, only=only)
    if target is not None:
        return target
    from runner.server import local  # for start-up time

    reason = local.why_not(settings)
    if reason is not None:
        raise ConfigurationError(
            "no database is configured: set DATABASE_URL or DB_SECRET_ARN",
            detail=reason,
            hint="DB_HOST with DB_PORT, DB_USERNAME, DB_PASSWORD and DB_DATABASE works too, "
            "as do libpq's PG* variables.",
        )
    return local.target(settings, database, emit=emit)
