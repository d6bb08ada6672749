"""How long an application's queries stand still while an idle transaction is in a migration's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from scripts.bench import server
from scripts.bench.measure import Taken, run
from scripts.bench.server import Place
from scripts.bench.tools import Tool

_PAUSE_S = 0.01


def longest_stall(tool: Tool, place: Place, folder: Path, hold_s: float) -> Taken:
    """Run an ALTER TABLE behind a transaction that idles for `hold_s` seconds; `wall_s` of the result is the stall."""
    database = server.fresh(place, tool.database)
    command = tool.apply(database)
    with psycopg.connect(database.url, autocommit=True) as admin:
        admin.execute("CREATE TABLE busy (id int)")
    with _idle_transaction(database, hold_s), _application(database) as stalls:
        taken = run(command.arguments, folder=folder, environ=command.environment())
    return replace(taken, wall_s=max(stalls))


@contextmanager
def _idle_transaction(place: Place, hold_s: float) -> Iterator[None]:
    conn = psycopg.connect(place.url)
    conn.execute("SELECT * FROM busy")
    timer = threading.Timer(hold_s, conn.close)
    timer.start()
    try:
        yield
    finally:
        timer.join()


@contextmanager
def _application(place: Place) -> Iterator[list[float]]:
    stalls: list[float] = []
    over = threading.Event()

    def query() -> None:
        with psycopg.connect(place.url, autocommit=True) as conn:
            while not over.wait(_PAUSE_S):
                started = time.monotonic()
                conn.execute("SELECT count(*) FROM busy")
                stalls.append(time.monotonic() - started)

    thread = threading.Thread(target=query)
    thread.start()
    try:
        yield stalls
    finally:
        over.set()
        thread.join()
