"""A PostgreSQL of our own in one folder: made once, started when needed, stopped on request."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import BusyError, ConfigurationError, RunnerError
from runner.events import Emit, Notice, silent
from runner.server.local import initdb, process
from runner.server.local.account import account_for
from runner.server.local.installed import Programs, find
from runner.server.local.launch import START_S, Launch, still_recovering
from runner.settings import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STOP_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServer:
    """A running server and how to reach it as its superuser."""

    host: str  # the socket's folder, or 127.0.0.1
    port: int
    password: Secret  # for TCP; through the socket the system user is enough
    home: Path
    account: str  # the system user it runs as

    @property
    def by_socket(self) -> bool:
        """Whether it listens on a socket and not on TCP."""
        return self.host.startswith("/")

    @property
    def parameters(self) -> dict[str, str]:
        """Keywords for libpq, without the database and the password."""
        common = {"host": self.host, "port": str(self.port), "user": initdb.SUPERUSER}
        return common if self.by_socket else {**common, "sslmode": "disable", "gssencmode": "disable"}


class Server:
    """The server in the folder `home`, which is made when the server is first started.

    `ephemeral` trades durability for speed: for tests.
    """

    def __init__(self, home: Path, *, environ: Mapping[str, str], ephemeral: bool = False) -> None:
        self.home = home.resolve()
        self.data = self.home / "data"
        self.log = self.home / "server.log"
        self._environ = environ
        self._ephemeral = ephemeral

    def version(self) -> str | None:
        """Return the data folder's version ("15"); None when it is not made yet."""
        with self._explained():
            try:
                return (self.data / "PG_VERSION").read_text("ascii").strip()
            except FileNotFoundError:
                if not self.data.exists():
                    return None
        raise ConfigurationError(
            f"{self.data} is not a data folder of PostgreSQL: PG_VERSION is missing",
            hint=f"Move it away; a new one is made then: mv {self.data} {self.data}.broken",
        )

    def pid(self) -> int | None:
        """Return the number of the server's process, ready or not."""
        state = self._process()
        return None if state is None else state.pid

    def running(self) -> LocalServer | None:
        """Return the server if it runs and takes connections."""
        state = self._process()
        if state is None or not state.ready or state.port is None:
            return None
        with self._explained():
            return LocalServer(
                host="127.0.0.1" if state.listen_address else str(self.home),
                port=state.port,
                password=Secret((self.home / "password").read_text("utf-8").strip()),
                home=self.home,
                account=account_for(self.home).name,
            )

    def start(self, *, tcp: bool | None = None, emit: Emit = silent) -> LocalServer:
        """Make the server when there is none, start it when it does not run; safe when two call at once.

        `tcp` True makes it listen on 127.0.0.1 instead of a socket, for programs that cannot use one; False
        ends that; None leaves it as it was last time.

        Raises: RunnerError and its kinds; the data is left as it was.
        """
        with self._locked(), self._explained():
            pid = self.pid()
            if pid is not None and not process.wait(lambda: self.running() or not self.pid(), START_S):
                raise still_recovering(pid, self.log)
            running = self.running()
            if running is None:
                self._start(tcp=tcp, emit=emit)
                running = self.running()
            elif tcp in (True, False) and tcp is running.by_socket:
                raise ConfigurationError(
                    f"the local server runs already, and listens on {'its socket' if tcp else 'TCP'} only",
                    hint=f"Run: runner local stop && runner local start --{'' if tcp else 'no-'}tcp",
                )
            if running is None:
                raise RunnerError("the local server ended right after its start", hint=f"See {self.log}")
            return running

    def _start(self, *, tcp: bool | None, emit: Emit) -> None:
        account = account_for(self.home)
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        account.own(self.home)
        version = self.version()
        programs = find(self._environ, self.home, major=None if version is None else int(version))
        if version is None:
            emit(
                Notice(
                    name="server.making",
                    message=f"making a local PostgreSQL {programs.version} in {self.home}",
                )
            )
            initdb.make(self.data, programs, account, ephemeral=self._ephemeral)
        emit(Notice(name="server.starting", message=f"starting the local PostgreSQL {programs.version}"))
        Launch(data=self.data, log=self.log, programs=programs, account=account).run(tcp=tcp)

    def stop(self, *, emit: Emit = silent) -> bool:
        """Stop the server, ending its sessions; return whether one ran."""
        if not self.home.exists():
            return False
        with self._locked(), self._explained():
            pid = self.pid()
            if pid is None:
                return False
            emit(Notice(name="server.stopping", message="stopping the local PostgreSQL"))
            os.kill(pid, signal.SIGINT)  # PostgreSQL's fast shutdown
            if not process.wait(lambda: not process.runs(pid, self.data), _STOP_S):
                raise BusyError(
                    f"the local server (process {pid}) has not stopped within {_STOP_S:.0f} s",
                    hint=f"Look at its log: {self.log}",
                )
            return True

    def programs(self) -> Programs | None:
        """Return the programs that fit the data folder; None when it is not made yet."""
        version = self.version()
        return None if version is None else find(self._environ, self.home, major=int(version))

    def _process(self) -> process.PidFile | None:
        with self._explained():
            state = process.read(self.data)
            return state if state is not None and process.runs(state.pid, self.data) else None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time make, start or stop the server."""
        path = self.home.with_name(f"{self.home.name}.lock")
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)

        def taken() -> bool:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        try:
            if not process.wait(taken, START_S + _STOP_S):
                raise BusyError(
                    "another process has been starting or stopping the local server for minutes",
                    hint=f"Which one, says: fuser -v {path}",
                )
            yield
        finally:
            os.close(handle)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the file system refuses into an error that says what to do."""
        try:
            yield
        except PermissionError as error:
            raise ConfigurationError(
                f"this user may not use the local server's folder {self.home}",
                detail=str(error),
                hint="Run as the user who made the server, or give this user the folder.",
            ) from error
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise RunnerError(
                    f"the disk of {self.home} is full",
                    detail=str(error),
                    hint="Make room, 60 MB for a new server, then run the same command again.",
                ) from error
            raise RunnerError(
                f"cannot use the local server's folder: {(error.strerror or 'unknown error').lower()}",
                detail=str(error),
                hint="Correct that, or set DATABASE_URL to a server elsewhere.",
            ) from error


def temporary_folder() -> Path:
    """Return a new folder for an ephemeral server, which the server's user can enter whoever that is."""
    folder = Path(tempfile.mkdtemp(prefix="runner-"))
    folder.chmod(0o711)
    return folder
