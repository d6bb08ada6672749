"""`-- copy:` a file of the project's is loaded through COPY, in the transaction of its migration."""

from __future__ import annotations

import codecs
import csv
import re
from typing import Any

import psycopg

from runner.apply import send
from runner.apply.send import StatementError
from runner.errors import Location, RunnerError
from runner.migrations import CopyFrom, Script

_PIECE_BYTES = 1 << 18
_LONGEST_HEADER = 1 << 16
_LINE = re.compile(r"^COPY .+?, \D*(\d+)")  # "COPY t, line 5, column x", in the server's language


def load_files(conn: psycopg.Connection[Any], script: Script, *, state: str) -> int | None:
    """Load each file that the script names, in turn; return how many rows came in, None when it names none.

    Raises: RunnerError that points at the line of data which the server refused.
    """
    if not script.copies:
        return None
    return sum(_load(conn, script, copy, state) for copy in script.copies)


def _load(conn: psycopg.Connection[Any], script: Script, copy: CopyFrom, state: str) -> int:
    columns = f" ({', '.join(copy.columns)})" if copy.columns else ""
    options = copy.options if copy.options is not None else _usual_options(copy, script, state)
    statement = f"COPY {copy.table}{columns} FROM STDIN WITH ({options})"
    try:
        with copy.path.open("rb") as file, conn.cursor() as cursor:
            with cursor.copy(statement.encode()) as stream:
                stream.write(file.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8))
                while data := file.read(_PIECE_BYTES):
                    stream.write(data)
            return cursor.rowcount
    except OSError as error:
        raise RunnerError(
            f"cannot read {copy.label}: {error.strerror}",
            where=script.location(copy.offset),
            detail=state[:1].upper() + state[1:],
        ) from error
    except psycopg.Error as error:
        if send.is_lost(conn, error):
            raise
        raise _refused(StatementError(error, 0), script, copy, state) from error


def _refused(problem: StatementError, script: Script, copy: CopyFrom, state: str) -> RunnerError:
    """Explain a refusal; a place in the data beats the place of the directive."""
    found = send.explain(problem, script, state=state, offset=copy.offset)
    line = _LINE.search(problem.error.diag.context or "")
    if line is not None:
        found.where = Location(copy.label, int(line[1]))
    return found


def _usual_options(copy: CopyFrom, script: Script, state: str) -> str:
    """Choose by the suffix; a first line of CSV that repeats the column names is its header."""
    if copy.path.suffix.lower() != ".csv":
        return "FORMAT text, ENCODING 'UTF8'"
    with copy.path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        first = next(csv.reader([file.readline(_LONGEST_HEADER)]), [])
    names = [cell.strip().lower() for cell in first]
    wanted = [name.strip('"').replace('""', '"').lower() for name in copy.columns]
    has_header = bool(wanted) and names == wanted
    if not has_header and wanted and sorted(names) == sorted(wanted):
        raise RunnerError(
            f"{copy.label} names the columns in another order",
            where=script.location(copy.offset),
            detail=f"Its first line is {', '.join(first)}. {state[:1].upper()}{state[1:]}",
            hint="Write the columns of the copy directive in the order of the file.",
        )
    return f"FORMAT csv, HEADER {'true' if has_header else 'false'}, ENCODING 'UTF8'"
