"""Retry after a lock timeout, a limited number of times, and report each retry."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from runner.errors import TableLockedError
from runner.events import WARNING, Emit, Notice
from runner.wording import duration

T = TypeVar("T")


def retry_delays(attempts: int, *, base_s: float = 0.5, cap_s: float = 30.0) -> Iterator[float]:
    """Yield the pause in seconds before each retry.

    The pause doubles from `base_s` to `cap_s`, each scaled by a random factor between 0.5 and 1,
    so that many runners do not retry at the same moment.

    Source: "Exponential Backoff and Jitter", AWS Architecture Blog, 2015 ("equal jitter").
    """
    for n in range(attempts):
        yield min(base_s * 2**n, cap_s) * random.uniform(0.5, 1)  # noqa: S311 - not a secret


def retrying(
    attempt: Callable[[], T],
    *,
    retries: int,
    what: str,
    emit: Emit,
    pause: Callable[[float], None] = time.sleep,
) -> T:
    """Call `attempt`, and again after a pause if it could not get a lock, at most `retries` more times.

    Raises: what `attempt` raises; after the last try TableLockedError notes how often it was tried.
    """
    for n, pause_s in enumerate(retry_delays(retries), 1):
        try:
            return attempt()
        except TableLockedError as locked:
            emit(
                Notice(
                    name="migration.retrying",
                    message=f"{what}: {locked.message}; try {n} of {retries} more in {duration(pause_s)}",
                    level=WARNING,
                    migration=what,
                    facts={
                        "try": n,
                        "tries": retries,
                        "pause_ms": round(1000 * pause_s),
                        "reason": locked.message,
                        "sqlstate": locked.sqlstate,
                    },
                    indent="  ",
                )
            )
        pause(pause_s)
    try:
        return attempt()
    except TableLockedError as locked:
        if retries:
            locked.notes.append(f"Tried {retries + 1} times.")
        raise
