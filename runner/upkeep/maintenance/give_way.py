"""Give way to whoever waits for the migration lock: a release must not wait for hours of maintenance."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from runner.engine.history.names import WANTED_KEY
from runner.server.connection.threads import ConnectionThreads

_LOOK_S = 0.2
_WANTED = Path(__file__).with_name("queries") / "wanted.sql"

Connection = psycopg.Connection[Any]


class Courtesy:
    """Checks from a second connection whether a run waits, and then cancels the first one's statement."""

    def __init__(self, working: Connection, watching: Connection) -> None:
        self._working = working
        self._watching = watching
        self._ended = threading.Event()
        self._wanted = threading.Event()
        self._threads = ConnectionThreads()

    @property
    def is_called_for(self) -> bool:
        """Whether a run waits for us."""
        return self._wanted.is_set()

    def __enter__(self) -> Courtesy:
        self._threads.start(self._watching, self._look, name="courtesy")
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._threads.stop()

    def _look(self) -> None:
        """Check; once a run waits, cancel repeatedly, as a cancel between two statements is lost."""
        query = _WANTED.read_bytes()
        key = {"high": WANTED_KEY >> 32, "low": WANTED_KEY & 0xFFFFFFFF}
        with suppress(psycopg.Error):
            while not self._ended.wait(_LOOK_S):
                if not self._wanted.is_set():
                    row = self._watching.execute(query, key).fetchone()
                    if row is None or not row[0]:
                        continue
                    self._wanted.set()
                self._working.cancel_safe()
