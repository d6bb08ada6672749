"""Wait for a database, or examine it; nothing is changed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from runner.engine.plan import Situation, compare
from runner.engine.plan.refuse import edited_error
from runner.errors import UnreachableError
from runner.events import Emit, Notice
from runner.files.migrations.layout import Layout
from runner.files.migrations.migration import Migration
from runner.report.per_database import PerDatabase, as_object, heading
from runner.report.terminal import Style
from runner.server import connection
from runner.session.session import open_session, read_files
from runner.settings import Settings
from runner.wording import counted, duration

_PAUSE_S = (0.2, 2.0)  # first and longest pause between two looks
_UNDONE = (
    Situation.PENDING,
    Situation.OUT_OF_ORDER,
    Situation.FAILED,
    Situation.PARTIAL,
    Situation.OUTDATED,
)


def wait_until_reachable(settings: Settings, *, timeout_s: float, emit: Emit) -> list[PerDatabase[float]]:
    """Return once each database accepts a connection, with how long it took, in seconds.

    Raises: UnreachableError after `timeout_s` seconds; what waiting does not cure (a wrong password) at once.
    """
    return _wait(settings, _Sought.reach, timeout_s=timeout_s, emit=emit)


def wait_until_applied(settings: Settings, *, timeout_s: float, emit: Emit) -> list[PerDatabase[float]]:
    """Return once every file of this project is applied in each database, as another run does it; with how long it took.

    Raises: UnreachableError after `timeout_s` seconds, with what is still to be applied; EditedError at once.
    """
    return _wait(settings, _Sought.see_applied, timeout_s=timeout_s, emit=emit)


@dataclass(frozen=True, slots=True)
class _Sought:
    """One database that is waited for."""

    settings: Settings
    layout: Layout
    files: list[Migration]
    only: bool
    emit: Emit

    def reach(self) -> tuple[str, str | None]:
        """Connect once; return the place, and nothing that is still missing."""
        settings = self.settings
        target = connection.locate(settings, self.layout.name, only=self.only, emit=self.emit)
        connection.connect(target, limits=settings.limits, session_pool=settings.session_pool).close()
        return f"{target.name} on {target.address}", None

    def see_applied(self) -> tuple[str, str | None]:
        """Read history once; return the place and what is not applied yet.

        Raises: EditedError for a file that was edited after it had been applied.
        """
        with open_session(self.settings, self.layout, self.files, only=self.only, emit=self.emit) as session:
            comparison = compare(session.files, session.state)
            if edited := comparison.all_in(Situation.EDITED):
                raise edited_error(edited)  # every run refuses it, so that there is nothing to wait for
            left = comparison.all_in(*_UNDONE)
            if not left:
                return session.place, None
            said = f"{counted(len(left), 'migration')} of {session.title} not applied yet, first {left[0].id}"
            return session.place, said


Look = Callable[[_Sought], tuple[str, str | None]]


def _wait(settings: Settings, look: Look, *, timeout_s: float, emit: Emit) -> list[PerDatabase[float]]:
    found = read_files(settings)
    deadline = time.monotonic() + timeout_s
    waited = []
    for layout, files in found:
        started = time.monotonic()
        sought = _Sought(settings, layout, files, len(found) == 1, emit)
        place = _until(partial(look, sought), deadline, timeout_s, emit)
        waited.append(PerDatabase(layout.title, place, time.monotonic() - started))
    return waited


def _until(look: Callable[[], tuple[str, str | None]], deadline: float, timeout_s: float, emit: Emit) -> str:
    """Look until there is nothing to wait for any more; return the place that was looked at."""
    pause_s, told = _PAUSE_S[0], None
    while True:
        try:
            place, reason = look()
            detail, hint = f"{reason}.", "Is a run applying them? See runner status."
        except (UnreachableError, psycopg.OperationalError) as error:
            unreachable = (
                error if isinstance(error, UnreachableError) else UnreachableError(str(error).strip())
            )
            reason, detail, hint = unreachable.message, unreachable.detail or "", unreachable.hint or ""
        if reason is None:
            return place
        if time.monotonic() >= deadline:
            raise UnreachableError(
                f"waited {timeout_s:g} s: {reason}",
                detail=f"{detail} Nothing was changed.".strip(),
                hint=hint,
            )
        if reason != told:
            emit(Notice(name="wait.waiting", message=f"waiting: {reason}"))
            told = reason
        time.sleep(min(pause_s * random.uniform(0.5, 1), max(0.0, deadline - time.monotonic())))  # noqa: S311 - not a secret
        pause_s = min(pause_s * 2, _PAUSE_S[1])


def text(result: PerDatabase[float], what: str, style: Style) -> str:
    """Return what was waited for, and how long."""
    return f"{heading(result.database, result.place, style)}  {style(what, 'green')} after {duration(result.value)}"


def as_json(results: Sequence[PerDatabase[float]], what: str) -> dict[str, Any]:
    """Return what was waited for, and how long."""
    return {"waited_for": what, **as_object(results, lambda took_s: {"duration_ms": round(took_s * 1000)})}
