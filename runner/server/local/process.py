"""Is a server running in this data folder? PostgreSQL's own pid file says so, and is checked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_S = 0.02
_FULL_BYTES = 64 << 10


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


def is_empty(data: Path) -> bool:
    """Return whether there is a pid file with nothing in it, which PostgreSQL refuses to start with."""
    try:
        return (data / "postmaster.pid").stat().st_size == 0
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_full(folder: Path, said: str = "") -> bool:
    """Return whether the disk of a folder is full, or a program said that it was."""
    if re.search(r"No space left on device|Disk quota exceeded|os error 28\b", said):
        return True
    try:
        return shutil.disk_usage(folder).free < _FULL_BYTES
    except OSError:
        return False


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
        return data.samefile(f"/proc/{pid}/cwd")
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
    """Make PostgreSQL ignore a pid file whose server is gone.

    It asks only whether the number is in use: by another program since, or by the remains of the server that
    nobody has collected, and it refuses to start. Removing the file would also remove the key of the old
    server's shared memory, by which PostgreSQL notices sessions that outlived it. A file that names the
    process which starts the server is known to be stale, so our own number is put there (see
    `launch_environment`).

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


def alive(pid: int) -> bool:
    """Return whether there is a process `pid`, whatever program it runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # a process that has ended stays visible until its parent asks for it, in some containers for ever
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return not Path("/proc/self").exists()


def wait(condition: Callable[[], object], limit_s: float) -> bool:
    """Wait until `condition` holds; return False when it does not within the limit."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True


def tail(log: Path, begin: int) -> str:
    """Return what was written to a log since it was `begin` bytes long; nothing when it cannot be read."""
    try:
        with log.open("rb") as file:
            file.seek(begin)
            return file.read(100_000).decode("utf-8", "replace")
    except OSError:
        return ""


def last_error(said: str) -> str:
    """Return the last complaint in a program's output, as a sentence."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"FATAL|PANIC|error:|ERROR|could not|cannot", line)]
    text = re.sub(r"^.*?(FATAL|PANIC|ERROR|error):\s+", "", (errors or lines or ["nothing"])[-1])
    return text if text.endswith(".") else text + "."
