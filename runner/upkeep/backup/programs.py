"""Run pg_dump and pg_restore: find them, check their versions, explain their failures."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from runner.errors import ConfigurationError, RunnerError
from runner.server import connection
from runner.upkeep.backup.reasons import Right, reason_of

if TYPE_CHECKING:
    from io import BufferedReader

    from runner.server.credentials import Target

_STOP_S = 5.0
_PR_SET_PDEATHSIG = 1  # prctl(2)
_SAID_BYTES = 4_000


def major_of(version: str) -> int:
    """Return the major version of "15.8", and of a preview, "18beta1"."""
    return int(re.split(r"\D", version, maxsplit=1)[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One of PostgreSQL's client programs, as it is on this machine."""

    path: str
    version: str  # "15.8"
    environ: Mapping[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        """What people call it."""
        return Path(self.path).name

    @property
    def major(self) -> int:
        """The major version."""
        return major_of(self.version)

    @classmethod
    def find(cls, name: str, environ: Mapping[str, str], folder: Path | None) -> Program:
        """Return the program of this name, searched in `folder` and then on PATH.

        Raises: UsageError when there is none; ConfigurationError when it does not run.
        """
        path = connection.find_program(name, environ, folder)
        environ = {**environ, "LC_ALL": "C"}
        done = subprocess.run([path, "--version"], env=environ, capture_output=True, text=True, check=False)
        found = re.search(r"\(PostgreSQL\) (\d+[\w.]*)", done.stdout)
        if found is None:
            raise ConfigurationError(
                f"{path} does not print its version",
                detail=(done.stderr or done.stdout).strip() or None,
                hint="Install the PostgreSQL client tools.",
            )
        return cls(path=path, version=found[1], environ=environ)

    def require(self, needed: int, because: str) -> None:
        """Refuse a program that is older than the server or archive, as it would refuse that itself.

        `needed` is a major version; `because` says whose it is: "the server is".

        Raises: ConfigurationError.
        """
        if self.major < needed:
            raise ConfigurationError(
                f"{self.name} is version {self.version}, and {because} PostgreSQL {needed}",
                detail=f"{self.path} refuses newer versions than its own. Nothing was begun.",
                hint=f"Install the client tools of PostgreSQL {needed} or newer (Debian: postgresql-client-{needed}), "
                "and put their folder first on PATH.",
            )

    @contextmanager
    def running(
        self,
        arguments: Sequence[str],
        *,
        target: Target | None = None,
        right: Right | None = None,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
    ) -> Iterator[Running]:
        """Start the program, connected to `target`, whose role needs the `right`; it is ended with the block."""
        environ = dict(self.environ) if target is None else connection.child_environment(target, self.environ)
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                [self.path, *arguments],
                env=environ,
                stdin=stdin,
                stdout=stdout,
                stderr=said,
                preexec_fn=ends_with_us(),
            )
            try:
                yield Running(self, process, said, target, right)
            finally:
                _end(process)


@dataclass(frozen=True, slots=True)
class Running:
    """A running program."""

    program: Program
    process: subprocess.Popen[bytes]
    _said: IO[bytes]
    _target: Target | None = None
    _right: Right | None = None

    def feed(self, chunk: bytes) -> bool:
        """Write to the program; return whether it still reads. If not, its exit shows why."""
        try:
            cast("IO[bytes]", self.process.stdin).write(chunk)
        except BrokenPipeError:
            return False
        return True

    def feed_all(self, chunks: Iterable[bytes]) -> None:
        """Write everything to the program, as long as it reads, and close its input."""
        for chunk in chunks:
            if not self.feed(chunk):
                break
        self.end_of_input()

    def end_of_input(self) -> None:
        """Close the program's input."""
        with suppress(BrokenPipeError):
            cast("IO[bytes]", self.process.stdin).close()

    @property
    def stdout(self) -> BufferedReader:
        """Its output."""
        return cast("BufferedReader", self.process.stdout)

    def require_success(self, what: str, *, state: str = "", hint: str | None = None) -> None:
        """Wait for the program's end.

        Raises: RunnerError, or one of its kinds as far as `reason_of` knows it.
        """
        code = self.process.wait()
        if code:
            raise self.error(what, state=state, hint=hint)

    def error(self, what: str, *, state: str = "", hint: str | None = None) -> RunnerError:
        """Return the error with the program's own message."""
        code = self.process.wait()
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").strip()[-_SAID_BYTES:]
        ended = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        kind, advice = reason_of(said, self._target, self._right)
        return kind(
            what,
            detail="\n".join(filter(None, (f"{self.program.path} ended {ended}.", said, state))),
            hint=hint or advice,
        )


def ends_with_us() -> Callable[[], None] | None:
    """Return what a child runs before it becomes its program, so that it ends when this process is killed.

    Without it a pg_restore whose runner was killed goes on, and commits. Linux ends a child with the thread that
    started it, so start it in the main thread. Returns None on other systems.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    ours = os.getpid()

    def before() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != ours:  # it was gone before that call
            os._exit(128 + signal.SIGTERM)

    return before


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program that is still running, and close its pipes."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):  # it ended before it had read everything; see its exit code
                stream.close()
