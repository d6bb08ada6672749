"""`-- copy:` load a file of the project with COPY, in the transaction of its migration."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, BinaryIO

import psycopg

from runner.engine.apply import wire
from runner.errors import Left, Location, Refused, RunnerError
from runner.files.migrations.bulk import CopyFrom
from runner.files.migrations.datafile import DataFile, DataFileError, Form, check_header
from runner.files.migrations.migration import Script
from runner.redaction import redacted
from runner.wording import counted

_LINE = re.compile(r"^COPY .+?, \D*(\d+)")  # "COPY t, line 5, column x", in the server's language
_HEADER_IN_TEXT = 150000  # the version that knows a header in the text format
# as COPY without a column list: not those that are generated
_COLUMNS = """
SELECT attname FROM pg_catalog.pg_attribute
WHERE attrelid = %s::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
ORDER BY attnum
"""


def load_files(conn: psycopg.Connection[Any], script: Script, *, left: Left | None) -> int | None:
    """Load each file that the script names, in turn; return how many rows came in, None when it names none.

    Raises: RunnerError that points at the line of data which the server refused, for a header that does not fit, rows
    that did not come in, and a file that changed meanwhile.
    """
    if not script.copies:
        return None
    return sum(_load(conn, script, copy, left) for copy in script.copies)


def _load(conn: psycopg.Connection[Any], script: Script, copy: CopyFrom, left: Left | None) -> int:
    data: DataFile | None = None
    try:
        columns = _columns(conn, copy)
        with copy.path.open("rb") as file:
            before = _stamp(file, copy)
            data = DataFile(file, Form.of(copy))
            rows = _send(conn, copy, data, columns)
            if _stamp(file, copy) != before:
                raise DataFileError(
                    "changed while it was loaded",
                    "Run the same command again when nothing writes to it.",
                )
    except OSError as error:
        raise _failed(f"cannot read {copy.label}: {error.strerror}", script, copy, left) from error
    except DataFileError as error:
        raise _failed(
            f"{copy.label} {error}",
            script,
            copy,
            left,
            detail=error.detail,
            line=error.line,
            hint=error.hint,
        ) from error
    except psycopg.Error as error:
        if wire.is_lost(conn, error):
            raise
        raise _refused(error, script, copy, left, 0 if data is None else data.skipped) from error
    if data.rows != rows and Form.of(copy).is_counted:
        raise _failed(
            f"{copy.label} has {counted(data.rows, 'row')}, and {rows} came into {copy.table}",
            script,
            copy,
            left,
            hint="A trigger or the option ON_ERROR left the others out: correct the data, or load them into a table "
            "without it and go on from there with INSERT … SELECT.",
        )
    return rows


def _send(conn: psycopg.Connection[Any], copy: CopyFrom, data: DataFile, columns: Sequence[str]) -> int:
    form = Form.of(copy)
    header = check_header(data.first_row(), columns, form)
    ours = header and form.header is None  # the file shows it, the directive does not say it
    skips = ours and (form.format == "csv" or conn.info.server_version >= _HEADER_IN_TEXT)
    if ours and not skips:
        data.skip_header()
    named = f" ({', '.join(copy.columns)})" if copy.columns else ""
    statement = f"COPY {copy.table}{named} FROM STDIN WITH ({form.options(copy, skips_header=skips)})"
    with conn.cursor() as cursor:
        with cursor.copy(statement.encode()) as stream:
            for piece in data.pieces(header=header and not data.skipped):
                stream.write(piece)
        return cursor.rowcount


def _columns(conn: psycopg.Connection[Any], copy: CopyFrom) -> list[str]:
    """Return the names of the columns that are loaded, as the catalog spells them."""
    if copy.columns:
        return [name[1:-1].replace('""', '"') if name.startswith('"') else name for name in copy.columns]
    return [name for (name,) in conn.execute(_COLUMNS, [copy.table]).fetchall()]


def _stamp(file: BinaryIO, copy: CopyFrom) -> tuple[int, ...]:
    """Return what shows that a file was written to or replaced."""
    opened, named = os.fstat(file.fileno()), copy.path.stat()
    return (opened.st_size, opened.st_mtime_ns, named.st_ino, named.st_size, named.st_mtime_ns)


def _failed(
    message: str,
    script: Script,
    copy: CopyFrom,
    left: Left | None,
    *,
    detail: str | None = None,
    line: int | None = None,
    hint: str | None = None,
) -> RunnerError:
    where = script.location(copy.offset) if line is None else Location(copy.label, line)
    return RunnerError(message, where=where, detail=detail or None, hint=hint, left=left)


def _refused(
    error: psycopg.Error, script: Script, copy: CopyFrom, left: Left | None, skipped: int
) -> RunnerError:
    """Explain a refusal; a place in the data wins over the place of the directive."""
    context = error.diag.context or ""
    line = _LINE.search(context)
    where = script.location(copy.offset) if line is None else Location(copy.label, int(line[1]) + skipped)
    return wire.explain(error, script, left=left, where=where, refused=Refused(context=redacted(context)))
