"""Is a server running in this data folder? PostgreSQL's own pid file says so, and is checked."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PidFile:
    """What `postmaster.pid` says.

    Source: PostgreSQL, src/include/utils/pidfile.h (the lines of the file).
    """

    pid: int
    port: int | None
    socket_dir: str
    listen_address: str
    ready: bool


def read(data: Path) -> PidFile | None:
    """Read the pid file; None when there is none, or not yet a whole one."""
    try:
        lines = (data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    lines += [""] * (8 - len(lines))
    pid = lines[0].strip().lstrip("-")
    if not pid.isdigit() or int(pid) == 0:
        return None
    port = int(lines[3]) if lines[3].strip().isdigit() else None
    return PidFile(int(pid), port, lines[4].strip(), lines[5].strip(), lines[7].strip() == "ready")


def runs(pid: int, data: Path) -> bool:
    """Return whether process `pid` is the server of `data`, and not another that got its number since."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is there; whose it is, is asked below
    try:
        # the server works in its data folder, also after the project was moved; a zombie works nowhere
        return os.path.samefile(f"/proc/{pid}/cwd", data)
    except OSError:
        return str(data) in _command_line(pid)


def _command_line(pid: int) -> str:
    if Path("/proc/self").exists():
        return ""
    ps = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return ps.stdout


def disown(data: Path) -> None:
    """Make PostgreSQL ignore a pid file whose number has gone to another program.

    It would take that program for the server and refuse to start. Removing the file would also remove the key of the
    old server's shared memory, by which PostgreSQL notices sessions that outlived it. A file that names the process
    which starts the server is known to be stale, so our own number is put there (see `launch_environment`).

    Source: PostgreSQL, CreateLockFile() in src/backend/utils/init/miscinit.c.
    """
    path = data / "postmaster.pid"
    _, newline, rest = path.read_text("utf-8", "replace").partition("\n")
    with path.open("r+", encoding="utf-8") as file:
        file.write(f"{os.getpid()}{newline}{rest}")
        file.truncate()


def launch_environment() -> dict[str, str]:
    """Tell the server which process it descends from, as `pg_ctl` does."""
    return {"PG_GRANDPARENT_PID": str(os.getpid())}
