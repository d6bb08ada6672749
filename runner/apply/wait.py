"""Wait for a `yoyo` command that is at work on the same database."""

from __future__ import annotations

import time

from runner.errors import BusyError
from runner.history import History

_POLL_S = 0.5


def wait_for_yoyo(history: History, *, wait_s: float) -> None:
    """Return once yoyo's lock row is gone; rows that a dead runner left are removed.

    Only the holder of the migration lock may call this: what row is left with a negative pid is then nobody's.

    Raises: BusyError when yoyo's row is still there after `wait_s` seconds.
    """
    history.remove_runner_lock_row()
    deadline = time.monotonic() + wait_s
    while (lock := history.state().yoyo_lock) is not None:
        if time.monotonic() >= deadline:
            since = f" since {lock.since:%Y-%m-%d %H:%M:%S} UTC" if lock.since else ""
            raise BusyError(
                f"yoyo's lock is held by process {lock.pid}{since}",
                detail=f"The process is on the machine where yoyo was started; waited {wait_s:g} s. Nothing was changed.",
                hint="Wait until that yoyo is done. If it died, release its lock with: yoyo break-lock",
            )
        time.sleep(_POLL_S)
