"""The real target: how large and how busy the touched tables are, and for whom a lock would wait. Reads only."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row

from runner.review.verify.rehearsal import LongTransaction, Surroundings, Weight
from runner.review.verify.relations import query

_BETWEEN_LOOKS_S = 1.0
_LONG_S = 60.0


def look_around(conn: psycopg.Connection[Any], tables: Collection[str], *, place: str) -> Surroundings:
    """Weigh the tables: rows and bytes as the server estimates them, writes per second from two looks a second apart."""
    first, begun = _writes(conn, tables), time.monotonic()
    with conn.cursor(row_factory=class_row(LongTransaction)) as cursor:
        long = cursor.execute(query("long_transactions"), {"longer_than_s": _LONG_S}).fetchall()
    replicas = [str(row[0]) for row in conn.execute(query("replicas")).fetchall()]
    if first:
        time.sleep(_BETWEEN_LOOKS_S)
    second, elapsed_s = _writes(conn, tables), time.monotonic() - begun
    weights = [
        Weight(
            relation=name,
            rows=int(row["rows"]),
            size_bytes=int(row["size_bytes"]),
            writes_per_s=max(0.0, (row["writes"] - first[name]["writes"]) / elapsed_s)
            if name in first
            else None,
        )
        for name, row in second.items()
    ]
    return Surroundings(place=place, weights=weights, long_transactions=long, replicas=replicas)


def _writes(conn: psycopg.Connection[Any], tables: Collection[str]) -> dict[str, dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query("weights"), {"tables": list(tables)}).fetchall()
    return {row["name"]: row for row in rows}
