"""How a run went, as metrics: the same after success and after failure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic, time
from typing import TYPE_CHECKING, ParamSpec

from runner.report.openmetrics import Gauge, render

if TYPE_CHECKING:
    from runner.commands.migrate import Observer, Outcome
    from runner.engine.apply.progress import Done
    from runner.engine.history.model import LockHolder, YoyoLock
    from runner.events import Event

P = ParamSpec("P")

_LAST_SUCCESS = "runner_last_success_timestamp_seconds"


@dataclass(slots=True)
class _Database:
    steps: int = 0
    retries: int = 0
    lock_wait_s: float = 0.0
    pending: int | None = None  # not known before its run has ended


@dataclass(slots=True)
class Tally:
    """Counts what a run tells."""

    command: str
    started: float = field(default_factory=monotonic)
    _databases: dict[str, _Database] = field(default_factory=dict)
    _current: _Database = field(default_factory=_Database)

    def watching(self, observer: Observer) -> Observer:
        """Return an observer that counts and passes on."""
        listener = observer.listener
        return replace(
            observer,
            opened=_both(self._opened, observer.opened),
            waits=_both(self._waits, observer.waits),
            closed=_both(self._closed, observer.closed),
            listener=replace(
                listener, done=_both(self._done, listener.done), tells=_both(self._tells, listener.tells)
            ),
        )

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

    def _opened(self, name: str, _place: str) -> None:
        self._current = self._databases.setdefault(name, _Database())

    def _done(self, _done: Done) -> None:
        self._current.steps += 1

    def _tells(self, event: Event) -> None:
        if event.name == "migration.retrying":
            self._current.retries += 1

    def _waits(self, _holder: LockHolder | YoyoLock | None, waited_s: float) -> None:
        self._current.lock_wait_s = max(self._current.lock_wait_s, waited_s)

    def _closed(self, outcome: Outcome) -> None:
        if self.command == "migrate":
            self._current.pending = outcome.plan.left + len(outcome.plan.steps) - len(outcome.done)


def _both(first: Callable[P, None], second: Callable[P, None]) -> Callable[P, None]:
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        first(*args, **kwargs)
        second(*args, **kwargs)

    return call


def _last_success(before: str, command: str) -> float | None:
    found = re.search(rf'^{_LAST_SUCCESS}{{command="{command}"}} ([0-9.]+)$', before, re.MULTILINE)
    return None if found is None else float(found[1])
