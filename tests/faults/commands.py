"""The real command line in processes of their own, forked from one that has imported the program already.

A start costs a tenth of what it costs from nothing, so that a thousand of them can be afforded. What the process then
does, its signals, its exit code and what it prints are those of `python -m runner`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from runner.cli import main
from tests.db.engine.conftest import Finished, clean_environment

_LIMIT_S = 90.0
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "runner.engine.apply",
        "runner.cli.migrate",
        "runner.commands.migrate",
        "runner.engine.history.backend",
        "runner.progress.lines",
        __name__,
    ]
)


class Command:
    """One run of `runner`, begun."""

    def __init__(self, args: Sequence[str], *, folder: Path, url: str, **environ: str) -> None:
        self.folder = folder
        self._printed = Path(mkdtemp(prefix="command-", dir=folder.parent))
        self._process = _FORKS.Process(
            target=_become,
            args=(
                list(args),
                folder,
                self._printed,
                {**clean_environment(), "DATABASE_URL": url, "RUNNER_BESIDE_EXISTING": "1", **environ},
            ),
        )
        self._process.start()
        # a number alone may be another process's by the time that a signal is sent
        self._handle = os.pidfd_open(self._process.pid or 0) if hasattr(os, "pidfd_open") else None
        if self._handle is not None:
            weakref.finalize(self, os.close, self._handle)

    @property
    def said(self) -> str:
        """What it has written to stderr so far."""
        return self._read("err")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        with suppress(ProcessLookupError):
            if self._handle is not None:
                signal.pidfd_send_signal(self._handle, number)
            elif self._process.pid is not None and self._process.is_alive():
                os.kill(self._process.pid, number)

    def end_within(self, seconds: float) -> None:
        """Wait until it ends, at most that long."""
        self._process.join(seconds)

    def wait(self) -> Finished:
        """Return what it printed and how it ended, as a shell tells it: 137 for a SIGKILL.

        Raises: TimeoutError when it does not end, after killing it.
        """
        self._process.join(_LIMIT_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            raise TimeoutError(f"still running after {_LIMIT_S:.0f} s\n{self._read('err')}")
        code = self._process.exitcode
        return Finished(128 - code if code < 0 else code, self._read("out"), self._read("err"))

    def _read(self, name: str) -> str:
        path = self._printed / name
        return path.read_text("utf-8") if path.exists() else ""


def _become(args: list[str], folder: Path, printed: Path, environ: Mapping[str, str]) -> None:
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(printed / name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins without
    sys.argv = ["runner", *args]
    main()
