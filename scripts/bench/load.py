"""Writers at full speed on the tables that a draft changes: what of theirs fails, and how long it waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg

BASE = """\
CREATE TABLE customers (id integer PRIMARY KEY, email text);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer NOT NULL,
    note text DEFAULT 'n',
    code text DEFAULT md5(random()::text || clock_timestamp()::text),
    old text
);
"""
ROWS = (
    "INSERT INTO customers SELECT g, g || '@x' FROM generate_series(1, 1000) AS g;"
    " INSERT INTO orders (customer_id, note) SELECT 1 + g % 1000, 'n' FROM generate_series(1, {rows}) AS g"
)
# what becomes of the tables: SQL after BASE, and what the draft is told
CHANGES: dict[str, tuple[str, ...]] = {
    "a new NOT NULL column": ("ALTER TABLE orders ADD token text NOT NULL DEFAULT md5(random()::text);",),
    "a new NOT NULL column, one value": ("ALTER TABLE orders ADD n integer NOT NULL DEFAULT 3;",),
    "a column becomes NOT NULL": ("ALTER TABLE orders ALTER note SET NOT NULL;",),
    "a new CHECK": ("ALTER TABLE orders ADD CHECK (length(note) < 9);",),
    "a new foreign key": ("ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;",),
    "a new UNIQUE": ("ALTER TABLE orders ADD UNIQUE (code);",),
    "a new index": ("CREATE INDEX ON orders (note);",),
    "another default": ("ALTER TABLE orders ALTER note SET DEFAULT 'm';",),
    "a dropped column": ("ALTER TABLE orders DROP old;", "--allow-destroying"),
}
_WRITERS = 3
# as an application's: some by themselves, some in a transaction; the tables always in the same order
_TRANSACTIONS = (
    ("INSERT INTO orders (customer_id) VALUES (%(customer)s)",),
    ("UPDATE orders SET note = 'u' WHERE id = %(order)s",),
    ("SELECT id, customer_id, note FROM orders WHERE id = %(order)s",),
    ("DELETE FROM orders WHERE id = %(order)s", "INSERT INTO orders (customer_id) VALUES (%(customer)s)"),
    (
        "UPDATE customers SET email = 'u' WHERE id = %(customer)s",
        "INSERT INTO orders (customer_id) VALUES (%(customer)s)",
    ),
)


@dataclass
class Written:
    """What the writers did."""

    count: int = 0
    longest_s: float = 0.0
    failures: list[str] = field(default_factory=list)


@contextmanager
def writers(url: str, *, rows: int, hold_s: float = 0.0) -> Iterator[Written]:
    """Write from several sessions, without a pause, until the block ends.

    `hold_s` is how long one of them keeps its transactions open between two statements.
    """
    written, over, started = Written(), threading.Event(), threading.Barrier(_WRITERS + 1, timeout=60)

    def write(number: int) -> None:
        random = Random(number)
        with psycopg.connect(url, autocommit=True) as conn:
            started.wait()
            while not over.is_set():
                values = {"customer": random.randint(1, 1000), "order": random.randint(1, rows)}
                pause_s = 0.0 if number else hold_s
                statements = _TRANSACTIONS[-1] if pause_s else random.choice(_TRANSACTIONS)
                try:
                    _transaction(conn, statements, values, written, lambda: over.wait(pause_s))  # noqa: B023
                except psycopg.Error as error:
                    written.failures.append(f"{error.sqlstate}: {error}")

    threads = [threading.Thread(target=write, args=[number]) for number in range(_WRITERS)]
    for thread in threads:
        thread.start()
    started.wait()
    try:
        yield written
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _transaction(
    conn: psycopg.Connection[Any],
    statements: tuple[str, ...],
    values: dict[str, int],
    written: Written,
    pause: Callable[[], object],
) -> None:
    alone = len(statements) == 1
    for statement in statements if alone else ("BEGIN", *statements, "COMMIT"):
        before = time.monotonic()
        try:
            conn.execute(statement.encode(), values)
        except psycopg.Error:
            conn.rollback()
            raise
        finally:
            written.longest_s = max(written.longest_s, time.monotonic() - before)
            written.count += 1
        if not alone and statement == statements[0]:
            pause()
