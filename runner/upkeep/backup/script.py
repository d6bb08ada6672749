"""Restore through psql if pg_restore is newer than the server and sets what the server does not have."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from subprocess import PIPE
from threading import Thread
from typing import IO, TYPE_CHECKING

from runner.upkeep.backup.programs import Program, Running

if TYPE_CHECKING:
    from runner.server.credentials import Target
    from runner.upkeep.backup.archive import Archive

_SETS_FROM = 17  # whatever the server
_UNKNOWN = b"SET transaction_timeout = 0;\n"
_AFTER_IT = b"SET client_encoding"
_CHUNK_BYTES = 1 << 16


def is_needed(pg_restore: Program, *, server: int) -> bool:
    """Return whether this pg_restore fails on a server of this major version with its first statements."""
    return pg_restore.major >= _SETS_FROM > server


def restore(
    archive: Archive,
    pg_restore: Program,
    psql: Program,
    target: Target,
    *,
    dbname: str,
    what: str,
) -> None:
    """Make pg_restore write the archive as a script, and psql run it, without that setting.

    The script itself begins and ends with BEGIN and COMMIT: it was cut, by the end of any of the three programs,
    when it has no COMMIT, and psql then commits nothing. psql's own --single-transaction would commit what it had
    read. It would also be ended by the BEGIN and COMMIT that pg_restore otherwise puts around large objects.

    Raises: RunnerError, or one of its kinds, of whichever failed.
    """
    path = archive.path
    arguments = [
        "--exit-on-error",
        "--single-transaction",
        "--file=-",
        *([] if path is None else [str(path)]),
    ]
    runs = [
        "--no-psqlrc",
        "--quiet",
        "--no-password",
        "--set=ON_ERROR_STOP=1",
        "--set=VERBOSITY=verbose",  # with the SQLSTATE, which no language changes
        dbname,
    ]
    with (
        pg_restore.running(arguments, stdin=PIPE, stdout=PIPE) as script,
        psql.running(runs, target=target, stdin=PIPE) as run,
    ):
        passing = Thread(target=_pass_on, args=(script, run), daemon=True)
        passing.start()
        script.feed_all(archive.chunks() if path is None else ())
        passing.join()
        if script.process.wait() not in {0, -signal.SIGTERM}:
            raise script.error(what)
        run.require_success(what)


def _pass_on(script: Running, run: Running) -> None:
    """Pass the script on; psql sees its end, and commits, only when pg_restore has written all of it."""
    for chunk in _known(script.stdout):
        if not run.feed(chunk):
            script.process.terminate()
            return
    if script.process.wait() == 0:
        run.end_of_input()
    else:
        run.process.terminate()


def _known(script: IO[bytes]) -> Iterator[bytes]:
    """Yield the script without the setting, which stands in its head."""
    for line in iter(script.readline, b""):
        if line == _UNKNOWN:
            break
        yield line
        if line.startswith(_AFTER_IT):
            break
    while chunk := script.read(_CHUNK_BYTES):
        yield chunk
