"""The real command line in processes of their own, forked from one that has imported the program already.

What the process then does, its signals, its exit code and what it prints are those of `python -m runner`.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from tests.db.engine.conftest import Finished, clean_environment
from tests.fork_server import Forked

_LIMIT_S = 90.0


class Command:
    """One run of `runner`, begun."""

    def __init__(self, args: Sequence[str], *, folder: Path, url: str, **environ: str) -> None:
        self.folder = folder
        self._printed = Path(mkdtemp(prefix="command-", dir=folder.parent))
        with (
            Path(os.devnull).open("rb") as stdin,
            (self._printed / "out").open("wb") as out,
            (self._printed / "err").open("wb") as err,
        ):
            self._process = Forked(
                args,
                cwd=folder,
                environ=clean_environment() | {"DATABASE_URL": url, "RUNNER_BESIDE_EXISTING": "1"} | environ,
                stdin=stdin.fileno(),
                stdout=out.fileno(),
                stderr=err.fileno(),
            )

    @property
    def said(self) -> str:
        """What it has written to stderr so far."""
        return self._read("err")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        self._process.send_signal(number)

    def end_within(self, seconds: float) -> None:
        """Wait until it ends, at most that long."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def wait(self) -> Finished:
        """Return what it printed and how it ended, as a shell tells it: 137 for a SIGKILL.

        Raises: TimeoutError when it does not end, after killing it.
        """
        try:
            code = self._process.wait(_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.wait()
            raise TimeoutError(f"still running after {_LIMIT_S:.0f} s\n{self.said}") from error
        return Finished(128 - code if code < 0 else code, self._read("out"), self._read("err"))

    def _read(self, name: str) -> str:
        return (self._printed / name).read_text("utf-8")
