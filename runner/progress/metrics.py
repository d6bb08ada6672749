"""How a run went, as metrics: the same after success and after failure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, time

from runner import atomic_write
from runner.errors import RunnerError, Terminated
from runner.events import WARNING, DatabaseOpened, Emit, Event, Notice, RunFinished, StepDone
from runner.report.openmetrics import Gauge, render

_LAST_SUCCESS = "runner_last_success_timestamp_seconds"


@dataclass(slots=True)
class _Database:
    steps: int = 0
    retries: int = 0
    lock_wait_s: float = 0.0
    pending: int | None = None  # not known before its run has ended


@dataclass(slots=True)
class Metrics:
    """Counts what a run tells."""

    command: str
    started: float = field(default_factory=monotonic)
    _databases: dict[str, _Database] = field(default_factory=dict)
    _current: _Database = field(default_factory=_Database)

    def __call__(self, event: Event) -> None:
        """Count an event."""
        match event:
            case DatabaseOpened():
                self._current = self._databases.setdefault(event.database, _Database())
            case StepDone():
                self._current.steps += 1
            case Notice(name="migration.retrying"):
                self._current.retries += 1
            case Notice(name="lock.waiting", elapsed_s=float(waited_s)):
                self._current.lock_wait_s = max(self._current.lock_wait_s, waited_s)
            case RunFinished() if self.command == "migrate":
                self._current.pending = event.left + event.steps_left

    @contextmanager
    def written(self, path: Path, emit: Emit) -> Iterator[None]:
        """Write the file at the end of the block, however it comes, with its exit code.

        The file is replaced by a rename. If it cannot be written, warn and go on.
        """
        code = 1
        try:
            yield
            code = 0
        except RunnerError as error:
            code = error.exit_code
            raise
        except KeyboardInterrupt as stop:
            code = 128 + (Terminated.signal_number if isinstance(stop, Terminated) else 2)
            raise
        finally:
            try:
                # the collector reads files by their suffix, and must not see this one before it is whole
                atomic_write.write(
                    path, self.rendered(code, path.read_text("utf-8") if path.exists() else "")
                )
            except (RunnerError, OSError, UnicodeDecodeError) as error:
                said = f"the metrics were not written to {path}: {getattr(error, 'strerror', None) or error}"
                emit(Notice(name="metrics.unwritable", message=said, level=WARNING))

    def rendered(self, exit_code: int, before: str = "") -> str:
        """Return the metrics; `before` is what the last run wrote, whose success is still the last one after a failure."""
        of_run = {"command": self.command}
        now = round(time(), 3)
        last = now if exit_code == 0 else _last_success(before, self.command)
        values = {
            "runner_run_exit_code": ("exit code of the last run", exit_code),
            "runner_run_timestamp_seconds": ("when the last run ended", now),
            "runner_run_duration_seconds": (
                "how long the last run took",
                round(monotonic() - self.started, 3),
            ),
            _LAST_SUCCESS: ("when a run last ended with exit code 0", last),
        }
        gauges = [
            Gauge(name, text, {tuple(of_run.items()): value})
            for name, (text, value) in values.items()
            if value is not None
        ]
        return render([*gauges, *self._of_databases(of_run)])

    def _of_databases(self, of_run: dict[str, str]) -> list[Gauge]:
        steps = Gauge("runner_run_steps", "migrations that the last run applied or rolled back")
        retries = Gauge("runner_run_retries", "tries that the last run gave up for a lock")
        wait = Gauge("runner_run_lock_wait_seconds", "how long the last run waited for other runners")
        pending = Gauge("runner_pending", "migrations that were left to be applied")
        for name, found in self._databases.items():
            labels = {**of_run, "database": name}
            steps.set(found.steps, labels)
            retries.set(found.retries, labels)
            wait.set(round(found.lock_wait_s, 3), labels)
            if found.pending is not None:
                pending.set(found.pending, labels)
        return [steps, retries, wait, pending]


def _last_success(before: str, command: str) -> float | None:
    found = re.search(rf'^{_LAST_SUCCESS}{{command="{command}"}} ([0-9.]+)$', before, re.MULTILINE)
    return None if found is None else float(found[1])
