"""For whom a runner waits, and for how long."""

from __future__ import annotations

import pytest

from runner.engine.history import store as history_store
from runner.engine.history.state import LockHolder, YoyoLock
from runner.engine.history.store import waiting

HOLDER = LockHolder(7, "runner", "alice", "10.0.0.9")


@pytest.mark.parametrize(
    ("holder", "waited_s", "line"),
    [
        (HOLDER, 0.0, "waiting for the migration lock, held by pid 7 (runner, user alice, from 10.0.0.9)"),
        (HOLDER, 20.4, "waiting for the migration lock, held by pid 7 (runner, user alice, from 10.0.0.9); 20.4 s so far"),
        (None, 0.2, "waiting for the migration lock, held by another session"),
        (YoyoLock(4711, None), 90, "waiting for yoyo's lock, held by process 4711 of its machine; 1 min 30 s so far"),
    ],
)  # fmt: skip
def test_a_wait_names_its_holder_and_its_length(holder, waited_s, line):
    assert waiting(holder, waited_s).message == line


def test_a_wait_is_told_at_once_and_then_every_ten_seconds(monkeypatch):
    now = 100.0
    monkeypatch.setattr(history_store.time, "monotonic", lambda: now)
    told: list[float | None] = []
    wait = history_store._Wait(60, lambda event: told.append(event.elapsed_s))
    for now in (100.0, 100.5, 109.9, 110.0, 115.0, 121.0):  # noqa: B007 - read by the clock
        wait.tell(HOLDER)
    assert told == [0.0, 10.0, 21.0]
    assert not wait.is_over
    now = 160.0
    assert wait.is_over
