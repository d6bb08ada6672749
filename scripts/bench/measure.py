"""Run a program and say what it took."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg

_LAUNCHER = Path(__file__).with_name("launch.py")
_SLOW_S = 20.0  # a run that takes longer is not repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one run of a program took; memory is the peak."""

    wall_s: float
    cpu_s: float  # user and system, with the processes that it started and waited for
    memory_kib: int
    backend_kib: int = 0  # private memory of the server's process, where it was watched
    runs: int = 1


class ProgramFailedError(Exception):
    """A program ended with another exit code than 0."""


def run(command: Sequence[str | Path], *, folder: Path, environ: Mapping[str, str]) -> Taken:
    """Run a program to its end.

    Raises: ProgramFailedError with what it printed.
    """
    program = shutil.which(command[0])
    if program is None:
        raise ProgramFailedError(f"there is no program {command[0]}")
    answer, given = os.pipe()
    with os.fdopen(answer, encoding="ascii") as answers:
        launcher = [sys.executable, "-I", "-S", _LAUNCHER, str(given), program, *command[1:]]
        done = subprocess.run(
            launcher,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            pass_fds=[given],
            check=True,
        )
        os.close(given)
        code, wall_s, cpu_s, memory_kib = answers.read().split()
    if code != "0":
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise ProgramFailedError(f"{Path(program).name} ended with {code}: {said}")
    return Taken(wall_s=float(wall_s), cpu_s=float(cpu_s), memory_kib=int(memory_kib))


def side_by_side(jobs: Mapping[str, Callable[[], Taken]], repeats: int) -> dict[str, Taken | str]:
    """Run the jobs in turn, `repeats` times (an odd number), and return the median of each, or why it failed.

    In turn, so that what else the machine does meets all of them alike. A slow one runs once.
    """
    runs: dict[str, list[Taken]] = {name: [] for name in jobs}
    failed: dict[str, str] = {}
    for _ in range(repeats):
        for name, job in jobs.items():
            if name in failed or (runs[name] and runs[name][0].wall_s >= _SLOW_S):
                continue
            try:
                runs[name].append(job())
            except ProgramFailedError as error:
                failed[name] = f"failed: {error}"
    return {name: failed.get(name) or _middle(runs[name]) for name in jobs}


def _middle(runs: Sequence[Taken]) -> Taken:
    return Taken(
        wall_s=median(each.wall_s for each in runs),
        cpu_s=median(each.cpu_s for each in runs),
        memory_kib=max(each.memory_kib for each in runs),
        backend_kib=max(each.backend_kib for each in runs),
        runs=len(runs),
    )


class BackendWatch:
    """Looks at the private memory of a database's server processes while a program runs; Linux, on this machine."""

    def __init__(self, url: str, database: str) -> None:
        self._url = url
        self._database = database
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.peak_kib = 0

    def __enter__(self) -> BackendWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as conn:
            while not self._ended.wait(0.02):
                found = conn.execute(
                    "SELECT pid FROM pg_catalog.pg_stat_activity WHERE datname = %s", [self._database]
                )
                for (pid,) in found:
                    self.peak_kib = max(self.peak_kib, _private_kib(pid))


def _private_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("RssAnon:")), 0)
