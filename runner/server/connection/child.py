"""Run another program with the resolved credentials: psql, pg_dump, pg_restore."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from psycopg import pq

from runner.errors import UsageError
from runner.server.connection.connect import connect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.server.credentials import Target

_BOUND = {"pg_dump", "pg_dumpall"}
_ASKS_NOTHING = {"--version", "-V", "--help", "-?"}


def exec_environment(target: Target) -> dict[str, str]:
    """Return the `PG*` variables that make a libpq program connect to `target`.

    The password is in PGPASSWORD, in the child's environment only: other users cannot see it, as they could an
    argument, and a kill leaves no file behind. Keywords without a variable (keepalives) are left out.
    """
    keywords = target.fresh().conninfo()
    return {
        option.envvar.decode(): keywords[option.keyword.decode()]
        for option in pq.Conninfo.get_defaults()
        if option.envvar is not None and option.keyword.decode() in keywords
    }


def find_program(name: str, environ: Mapping[str, str], programs: Path | None = None) -> str:
    """Return the path of a program, searched in `programs` and then on PATH.

    `programs` is the folder of the local server's own psql and pg_dump, which fit its version.

    Raises: UsageError when there is no such program.
    """
    path = os.pathsep.join(filter(None, (str(programs or ""), environ.get("PATH", os.defpath))))
    found = shutil.which(name, path=path)
    if found is None:
        raise UsageError(
            f"there is no program {name!r} on PATH",
            hint="Install the PostgreSQL client tools, or give the full path of the program.",
        )
    return found


def child_environment(target: Target, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment for a program that connects to `target`."""
    # a service wins over variables, so one that is not the target's would send the program elsewhere
    kept = {name: value for name, value in environ.items() if name != "PGSERVICE"}
    return {**kept, **exec_environment(target)}


def run_command(
    command: Sequence[str], target: Target, *, environ: Mapping[str, str], programs: Path | None = None
) -> NoReturn:
    """Replace this process by `command`, connected to `target`.

    Raises: UsageError when there is no such program, or it is a pg_dump older than the server.
    """
    program = find_program(command[0], environ, programs)
    _check_version(program, command[1:], target)
    sys.stdout.flush()
    sys.stderr.flush()
    # Python ignores these two, and the program would inherit that: `runner exec -- pg_dump | head` must end
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execve(program, list(command), child_environment(target, environ))  # noqa: S606 - the point
    except OSError as error:
        raise UsageError(
            f"cannot run {program}: {(error.strerror or 'unknown error').lower()}",
            hint="Is it a program for this machine?",
        ) from error


def _check_version(program: str, arguments: Sequence[str], target: Target) -> None:
    """Refuse a pg_dump older than the server; it would refuse itself, but only after it began its output file.

    Raises: UsageError; what `connect` raises.
    """
    if Path(program).name not in _BOUND or _ASKS_NOTHING.intersection(arguments):
        return
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\(PostgreSQL\) (\d+)", said)
    if version is None:
        return
    with closing(connect(target, session_pool=True)) as session:  # a pooler takes no `options`
        server = session.info.server_version // 10_000
    if int(version[1]) < server:
        raise UsageError(
            f"{Path(program).name} is version {version[1]} and refuses a newer server, and the server is PostgreSQL {server}",
            detail=f"{program} was not started.",
            hint=f"Install the client tools of PostgreSQL {server} (Debian: postgresql-client-{server}; "
            f"our image: --build-arg POSTGRES_CLIENT={server}), or give the program's whole path.",
        )
