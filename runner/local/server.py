"""A PostgreSQL of our own in one folder: made once, started when needed, stopped on request."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import BusyError, ConfigurationError, RunnerError
from runner.local import process
from runner.local.account import Account, account_for
from runner.local.programs import Programs, find
from runner.settings import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SUPERUSER = "postgres"
_SOCKET_PORT = 5432  # names the file in a folder of our own, so nobody else can have taken it
_SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
_START_S = 120.0  # a server that was killed first replays its log
_STOP_S = 60.0
_ORPHANS_S = 15.0
_POLL_S = 0.02
_LOG_BYTES = 5_000_000

# Small, so that it can be left running beside other work; durable, because it holds a developer's data.
_SETTINGS = {
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_locks_per_transaction": "256",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}
# A test's data need not outlive the machine.
_EPHEMERAL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "max_prepared_transactions": "10",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServer:
    """A running server and how to reach it as its superuser."""

    host: str  # the socket's folder, or 127.0.0.1
    port: int
    password: Secret  # for TCP; through the socket the system user is enough
    home: Path
    account: str

    @property
    def parameters(self) -> dict[str, str]:
        """libpq's keywords, without the database and the password."""
        common = {"host": self.host, "port": str(self.port), "user": SUPERUSER}
        return common if self.by_socket else {**common, "sslmode": "disable", "gssencmode": "disable"}

    @property
    def by_socket(self) -> bool:
        """Whether it listens on a socket only, and not on TCP."""
        return self.host.startswith("/")


class Server:
    """The server in the folder `home`, which is made when the server is first started."""

    def __init__(self, home: Path, *, environ: Mapping[str, str], ephemeral: bool = False) -> None:
        self.home = home.resolve()
        self.data = self.home / "data"
        self.log = self.home / "server.log"
        self._environ = environ
        self._ephemeral = ephemeral

    @property
    def made(self) -> bool:
        """Whether there is a data folder."""
        return (self.data / "PG_VERSION").exists()

    def running(self) -> LocalServer | None:
        """Return the server if it runs and takes connections."""
        try:
            state = process.read(self.data)
            if (
                state is None
                or not state.ready
                or state.port is None
                or not process.runs(state.pid, self.data)
            ):
                return None
            host = "127.0.0.1" if state.listen_address else str(self.home)
            password = Secret((self.home / "password").read_text("utf-8").strip())
        except PermissionError as error:
            raise self._forbidden(error) from error
        return LocalServer(
            host=host, port=state.port, password=password, home=self.home, account=account_for(self.home).name
        )

    def pid(self) -> int | None:
        """Return the number of the server's process, ready or not."""
        try:
            state = process.read(self.data)
        except PermissionError as error:
            raise self._forbidden(error) from error
        return state.pid if state is not None and process.runs(state.pid, self.data) else None

    def start(self, *, tcp: bool | None = None, say: Callable[[str], None] = lambda _: None) -> LocalServer:
        """Make the server when there is none, start it when it does not run; safe when two call at once.

        `tcp` True makes it listen on 127.0.0.1, for programs that cannot use a socket; False ends that; None
        leaves it as it was last time.

        Raises: RunnerError and its kinds; the data is left as it was.
        """
        with self._locked():
            running = self.running()
            if running is not None:
                if tcp is True and running.by_socket:
                    raise ConfigurationError(
                        "the local server runs, and listens on its socket only",
                        hint="Stop it first: runner local stop && runner local start --tcp",
                    )
                return running
            account = account_for(self.home)
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            account.own(self.home)
            major = self._major()
            programs = find(self._environ, self.home, major=major)
            if major is None:
                say(f"making a local PostgreSQL {programs.version} in {self.home}")
                self._make(programs, account)
            say(f"starting the local PostgreSQL {programs.version}")
            self._launch(programs, account, tcp=tcp)
            started = self.running()
            if started is None:
                raise self._failed("the local server stopped right after its start", 0)
            return started

    def stop(self, *, say: Callable[[str], None] = lambda _: None) -> bool:
        """Stop the server, ending its sessions; return whether one ran."""
        if not self.home.exists():
            return False
        with self._locked():
            pid = self.pid()
            if pid is None:
                return False
            say("stopping the local PostgreSQL")
            os.kill(pid, signal.SIGINT)  # PostgreSQL's fast shutdown
            if not _wait(lambda: not process.runs(pid, self.data), _STOP_S):
                raise BusyError(
                    f"the local server (process {pid}) has not stopped within {_STOP_S:.0f} s",
                    hint=f"Look at its log: {self.log}",
                )
            return True

    def programs(self) -> Programs | None:
        """Return the programs that fit the data folder; None when it is not made yet."""
        major = self._major()
        return find(self._environ, self.home, major=major) if major is not None else None

    def _major(self) -> int | None:
        try:
            text = (self.data / "PG_VERSION").read_text("ascii").strip()
        except FileNotFoundError:
            if self.data.exists():
                raise ConfigurationError(
                    f"{self.data} is not a data folder of PostgreSQL: PG_VERSION is missing",
                    hint=f"Move it away; a new one is made then: mv {self.data} {self.data}.broken",
                ) from None
            return None
        except PermissionError as error:
            raise self._forbidden(error) from error
        return int(text) if text.isdigit() else 0

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time make, start or stop the server."""
        import fcntl

        path = self.home.with_name(f"{self.home.name}.lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except PermissionError as error:
            raise self._forbidden(error) from error
        except OSError as error:
            raise self._cannot_write(error) from error

        def taken() -> bool:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        try:
            if not _wait(taken, _START_S + _STOP_S):
                raise BusyError(
                    "another process has been starting or stopping the local server for minutes",
                    hint=f"Which one, says: fuser -v {path}",
                )
            yield
        finally:
            os.close(handle)

    def _make(self, programs: Programs, account: Account) -> None:
        """Make the data folder under another name first: one that initdb left half done is never taken for whole."""
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = self.home / "password"
        try:
            account.write(password, secrets.token_urlsafe(24) + "\n")
            self._initdb(programs, account, unfinished, password)
            self._configure(account, unfinished)
            unfinished.rename(self.data)
        except OSError as error:
            raise self._cannot_write(error) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _initdb(self, programs: Programs, account: Account, data: Path, password: Path) -> None:
        common = [
            programs.bin / "initdb",
            f"--pgdata={data}",
            f"--username={SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--lc-messages=C",
            "--no-instructions",
            *(["--no-sync"] if self._ephemeral else ["--data-checksums"]),
        ]
        # text sorts by code point, on every system and in every version alike
        if programs.major >= 17:
            locales = [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
        else:
            locales = [["--locale=C.UTF-8"], ["--locale=C"]]  # the second where the system lacks the first
        for locale in locales:
            result = account.run([*common, *locale], env=programs.environment)
            if result.returncode == 0:
                return
            shutil.rmtree(data, ignore_errors=True)
            if "invalid locale" not in result.stderr:
                break
        reason = _last_error(result.stderr)
        full = "No space left on device" in result.stderr
        raise RunnerError(
            f"cannot make the local data folder in {self.home}" + (": the disk is full" if full else ""),
            detail=f"initdb says: {reason} Nothing was left behind.",
            hint="Free some space (a new server takes 40 MB), then run it again."
            if full
            else "Correct that, then run it again.",
        )

    def _configure(self, account: Account, data: Path) -> None:
        settings = {**_SETTINGS, **(_EPHEMERAL if self._ephemeral else {})}
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        account.write(data / "postgresql.conf", f"\n# runner\n{lines}", append=True)
        # The kernel tells who is at the other end of a socket. The server's own user, and root who made it,
        # are the superuser; whoever else could come so far needs a password, like every other role.
        account.write(
            data / "pg_hba.conf",
            f"local all {SUPERUSER} peer map=runner\n"
            "local all all scram-sha-256\n"
            "host all all 127.0.0.1/32 scram-sha-256\n",
        )
        users = {account.name, "root"} if not account.is_us else {account.name}
        account.write(
            data / "pg_ident.conf", "".join(f'runner "{user}" {SUPERUSER}\n' for user in sorted(users))
        )

    def _launch(self, programs: Programs, account: Account, *, tcp: bool | None) -> None:
        state = process.read(self.data)
        if state is not None and _alive(state.pid):
            process.disown(self.data)
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        orphans_end = time.monotonic() + _ORPHANS_S
        for port in self._ports(account, tcp=tcp):
            while True:
                begin = self.log.stat().st_size if self.log.exists() else 0
                if self._launch_once(programs, account, port):
                    return
                said = self._said(begin)
                if "pre-existing shared memory" not in said or time.monotonic() > orphans_end:
                    break  # else the sessions of a killed server are still ending
                time.sleep(_POLL_S)
            if "Address already in use" not in said:
                break
        raise self._failed("the local server does not start", begin)

    def _ports(self, account: Account, *, tcp: bool | None) -> Iterator[int | None]:
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
            account.write(remembered, f"{port}\n")
            yield port

    def _socket_works(self) -> bool:
        """Whether the folder's path is short enough for a socket, and its file system has any (some shares have none)."""
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

    def _launch_once(self, programs: Programs, account: Account, port: int | None) -> bool:
        """Start the server outside our session and wait until it takes connections; False when it ends before."""
        settings = {
            "port": str(port or _SOCKET_PORT),
            "listen_addresses": "127.0.0.1" if port else "",
            "unix_socket_directories": "" if port else f'"{self.home}"',
            "unix_socket_permissions": "0700",
        }
        if not account.is_us:
            settings["unix_socket_permissions"] = "0777"  # the folder shuts everyone else out; root passes
        result = account.run(
            # the shell ends at once, so that the server is not our child: nobody here would collect it
            ["sh", "-c", 'log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!', "sh", self.log]
            + [programs.bin / "postgres", "-D", self.data]
            + [f"--{name}={value}" for name, value in settings.items()],
            env={**programs.environment, **process.launch_environment()},
            start_new_session=True,
        )
        pid = int(result.stdout.strip() or 0)
        if not pid:
            raise self._failed(f"the local server cannot be started: {result.stderr.strip()}", 0)

        def settled() -> bool:
            state = process.read(self.data)
            return not _alive(pid) or (state is not None and state.pid == pid and state.ready)

        if not _wait(settled, _START_S):
            raise BusyError(
                f"the local server (process {pid}) is still recovering after {_START_S:.0f} s",
                hint=f"Run the same command again; its log is {self.log}",
            )
        return process.runs(pid, self.data)

    def _said(self, begin: int) -> str:
        try:
            with self.log.open("rb") as file:
                file.seek(begin)
                return file.read(100_000).decode("utf-8", "replace")
        except OSError:
            return ""

    def _failed(self, message: str, begin: int) -> RunnerError:
        said = self._said(begin)
        if "No space left on device" in said:
            message += ": the disk is full"
        detail = _last_error(said)
        kind = BusyError if "pre-existing shared memory" in said else RunnerError
        return kind(
            message,
            detail=f"It says: {detail} The data is untouched."
            if said
            else "It says nothing. The data is untouched.",
            hint="A session of the killed server still runs; end it, then run the command again."
            if kind is BusyError
            else f"Its whole log is {self.log}",
        )

    def _forbidden(self, error: PermissionError) -> ConfigurationError:
        return ConfigurationError(
            f"this user may not read the local server's folder {self.home}",
            detail=str(error),
            hint="Run as the user who made the server, or give this user the folder.",
        )

    def _cannot_write(self, error: OSError) -> RunnerError:
        return RunnerError(
            f"cannot write in {self.home.parent}: {(error.strerror or 'unknown error').lower()}",
            hint="Free some space, or let this user write there; or set DATABASE_URL to a server elsewhere.",
        )


def _alive(pid: int) -> bool:
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


def _wait(condition: Callable[[], bool], limit_s: float) -> bool:
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RunnerError("no TCP port on 127.0.0.1 is free", hint="End some programs, then run it again.")


def _last_error(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"FATAL|PANIC|error:|ERROR|could not|cannot", line)]
    text = re.sub(r"^.*?(FATAL|PANIC|ERROR|error):\s+", "", (errors or lines or ["nothing"])[-1])
    return text if text.endswith(".") else text + "."


def temporary_folder() -> Path:
    """Return a new folder for an ephemeral server, which the server's user can enter whoever that is."""
    folder = Path(tempfile.mkdtemp(prefix="runner-"))
    folder.chmod(0o711)
    return folder
