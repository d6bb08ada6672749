"""libpq's own settings: the `PG*` variables and the service file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import pq

from runner.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARKS = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE")


def from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters from `PG*` and PGSERVICE's service, password included; none if they name no server.

    The service file is read here, so that the database's name and the user are known before connecting.
    As in libpq, a service wins over the variables.

    Raises: ConfigurationError if the service file cannot be read.
    """
    if not any(environ.get(mark) for mark in _MARKS):
        return {}

    parameters = {
        option.keyword.decode(): environ[option.envvar.decode()]
        for option in pq.Conninfo.get_defaults()
        if option.envvar is not None and environ.get(option.envvar.decode())
    }
    return parameters | of_service(parameters, environ, source="PGSERVICE")


def of_service(parameters: dict[str, str], environ: Mapping[str, str], *, source: str) -> dict[str, str]:
    """Remove `service` from the parameters, and return its section of the service file, password included.

    A service that is in none of the files stays in the parameters: libpq has one more place, fixed at build time.

    Raises: ConfigurationError if the service file cannot be read.
    """
    service = parameters.get("service")
    if service is None:
        return {}
    settings = _read_service(service, environ, source=source)
    if settings is None:
        return {}
    del parameters["service"]
    return settings


def _read_service(service: str, environ: Mapping[str, str], *, source: str) -> dict[str, str] | None:
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    chosen = environ.get("PGSERVICEFILE")
    places = [Path(chosen) if chosen else home / ".pg_service.conf"]
    if folder := environ.get("PGSYSCONFDIR"):
        places.append(Path(folder) / "pg_service.conf")
    for path in places:
        try:
            lines = path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"cannot read the service file {path}",
                detail=str(error),
                hint=f"Correct the file, or the service that {source} names.",
            ) from None
        settings = _section(lines, service)
        if settings is not None:
            return settings
    return None


def _section(lines: list[str], service: str) -> dict[str, str] | None:
    settings: dict[str, str] | None = None
    for line in map(str.strip, lines):
        if line.startswith("["):
            if settings is not None:
                break
            if line == f"[{service}]":
                settings = {}
        elif settings is not None and line and not line.startswith("#"):
            key, _, value = line.partition("=")
            settings.setdefault(key.strip(), value.strip())
    return settings
