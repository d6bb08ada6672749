"""Start a server outside our own session, on a socket or a TCP port, and find out what became of it."""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.errors import BusyError, RunnerError
from runner.server.local import process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.server.local.account import Account
    from runner.server.local.installed import Programs

START_S = 120.0  # a server that was killed first replays its log
_SOCKET_PORT = 5432  # names the file in a folder of our own, so nobody else can have taken it
_SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
_ORPHANS_S = 15.0
_LOG_BYTES = 5_000_000
_OUTLIVED = "pre-existing shared memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One attempt to start the server of `data`."""

    data: Path
    log: Path
    programs: Programs
    account: Account

    @property
    def home(self) -> Path:
        """The folder with everything of the server's, its socket too."""
        return self.data.parent

    def run(self, *, tcp: bool | None) -> None:
        """Start the server and wait until it takes connections.

        Raises: RunnerError when it does not, BusyError when it only needs more time.
        """
        if process.read(self.data) is not None:
            process.disown(self.data)
        elif process.is_empty(self.data):
            raise self._unknown_process()
        for name in (f".s.PGSQL.{_SOCKET_PORT}", f".s.PGSQL.{_SOCKET_PORT}.lock"):
            (self.home / name).unlink(missing_ok=True)  # it too names the old server's process
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        orphans_end = time.monotonic() + _ORPHANS_S
        for port in self._ports(tcp=tcp):
            while True:
                begin = self.log.stat().st_size if self.log.exists() else 0
                if self._once(port):
                    return
                said = process.tail(self.log, begin)
                if _OUTLIVED not in said or time.monotonic() > orphans_end:
                    break  # else the sessions of a server that was killed are still ending
                time.sleep(process.POLL_S)
            if "Address already in use" not in said:
                break
        raise self._failed(said)

    def _ports(self, *, tcp: bool | None) -> Iterator[int | None]:
        """Yield None for a socket, else a few TCP ports that were free a moment ago, last time's first."""
        remembered = self.home / "port"
        if tcp is False:
            remembered.unlink(missing_ok=True)
        if not tcp and not remembered.exists() and self._socket_works():
            yield None
            return
        last = remembered.read_text("ascii").strip() if remembered.exists() else ""
        for wanted in (int(last) if last.isdigit() else 0, 0, 0):
            port = _free_port(wanted)
            self.account.write(remembered, f"{port}\n")
            yield port

    def _socket_works(self) -> bool:
        """Whether the folder's path is short enough for a socket, and its file system has sockets at all."""
        path = self.home / f".s.PGSQL.{_SOCKET_PORT}"
        if len(os.fsencode(path)) > _SOCKET_PATH_BYTES or re.search(r'[",]', str(path)):
            return False
        probe = self.home / ".probe"
        probe.unlink(missing_ok=True)
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(probe))
        except OSError:
            return False
        finally:
            probe.unlink(missing_ok=True)
        return True

    def _once(self, port: int | None) -> bool:
        """Start the server; return whether it takes connections, once that is decided."""
        settings = {
            "port": str(port or _SOCKET_PORT),
            "listen_addresses": "127.0.0.1" if port else "",
            "unix_socket_directories": "" if port else f'"{self.home}"',
            # the folder shuts everyone else out; only where root made it, root too must pass
            "unix_socket_permissions": "0700" if self.account.is_us else "0777",
        }
        result = self.account.run(
            # the shell ends at once, so that the server is not our child: nobody here would collect it
            ["sh", "-c", 'log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!', "sh", str(self.log)]
            + [str(self.programs.bin / "postgres"), "-D", str(self.data)]
            + [f"--{name}={value}" for name, value in settings.items()],
            env={**self.programs.environment, **process.launch_environment()},
            start_new_session=True,
        )
        pid = int(result.stdout.strip() or 0)
        if not pid:
            raise RunnerError(f"cannot start the local server: {result.stderr.strip()}")

        def settled() -> bool:
            state = process.read(self.data)
            return not process.alive(pid) or (state is not None and state.pid == pid and state.ready)

        if not process.wait(settled, START_S):
            raise still_recovering(pid, self.log)
        return process.runs(pid, self.data)

    def _unknown_process(self) -> RunnerError:
        path = self.data / "postmaster.pid"
        return RunnerError(
            f"the local server's file {path} is empty, so it is not known whether the server runs",
            detail="The disk was full, or the machine stopped, while a server started. The data is untouched.",
            hint=f"If no process postgres works in {self.data}, remove the file and run the same command again: rm {path}",
        )

    def _failed(self, said: str) -> RunnerError:
        detail = f"It says: {process.last_error(said)} The data is untouched."
        if _OUTLIVED in said:
            return BusyError(
                "the local server was killed, and a session of it still runs",
                detail=detail,
                hint="End that session's process, then run the same command again.",
            )
        if process.is_full(self.home, said):
            return RunnerError(
                f"the local server does not start: the disk of {self.home} is full",
                detail=detail,
                hint=f"Free some space, then run the same command again. Its whole log is {self.log}",
            )
        return RunnerError(
            "the local server does not start", detail=detail, hint=f"Its whole log is {self.log}"
        )


def still_recovering(pid: int, log: Path) -> BusyError:
    """Return the error for a server that needs more time."""
    return BusyError(
        f"the local server (process {pid}) is still recovering after {START_S:.0f} s",
        hint=f"Run the same command again; its log is {log}",
    )


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            # as PostgreSQL does: connections that were just closed do not count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RunnerError("no TCP port on 127.0.0.1 is free", hint="End some programs, then run it again.")
