"""Load development data into a scratch database."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from runner.errors import FileError, Location
from runner.files.sqltext.lexer import Statement, statements
from runner.files.sqltext.tokens import SqlSyntaxError, line_and_column
from runner.review.verify.measuring import execute


@dataclass(slots=True)
class Seed:
    """Seed rows; statements whose tables do not exist yet are retried before each later migration."""

    label: str
    text: str
    waiting: list[Statement] = field(default_factory=list)
    rows: int = 0
    refused: tuple[str, ...] = ()  # those not loaded yet, with line and reason
    taken: set[int] = field(default_factory=set)  # the offsets of those that any scratch database accepted

    @classmethod
    def read(cls, path: Path, label: str) -> Seed | None:
        """Read the file, if there is one.

        Raises: FileError if it cannot be split into statements.
        """
        if not path.is_file():
            return None
        text = path.read_text("utf-8")
        try:
            return cls(label, text, list(statements([text])))
        except SqlSyntaxError as error:
            line, column = line_and_column(text, error.offset)
            raise FileError(str(error), where=Location(label, line, column), hint=error.hint) from error

    def load(self, conn: psycopg.Connection[Any]) -> None:
        """Try the statements that are not loaded yet; those that fail are retried before a later migration."""
        waiting, refused = [], []
        for statement in self.waiting:
            try:
                with conn.transaction():
                    self.rows += execute(conn, statement) or 0
                self.taken.add(statement.start)
            except psycopg.Error as error:
                waiting.append(statement)
                if statement.start not in self.taken:
                    line, _ = line_and_column(self.text, statement.start)
                    refused.append(f"line {line}: {error.diag.message_primary or error}")
        self.waiting, self.refused = waiting, tuple(refused)
