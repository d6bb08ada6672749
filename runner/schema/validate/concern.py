"""What no comparison shows, or shows without saying why it matters: read from the live database."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing about the schema that a DBA should look at."""

    kind: str  # invalid index, not validated, disabled trigger, sequence near its end, extension version
    subject: str
    message: str
    remedy: str


def concerns(conn: psycopg.Connection[Any]) -> list[Concern]:
    """List invalid indexes, constraints that were never validated, disabled triggers, sequences, old extensions."""
    text = (files("runner.schema.validate") / "queries" / "concerns.sql").read_text("utf-8")
    with conn.cursor(row_factory=class_row(Concern)) as cursor:
        return cursor.execute(text.encode()).fetchall()
