"""Send SQL as it is and count what comes back, so that a failing statement is found in its file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import errors, generators
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

from runner.engine.apply.error_in_body import inside, is_body
from runner.engine.history import message
from runner.errors import (
    BusyError,
    ConnectionLostError,
    Left,
    Location,
    MigrationFailedError,
    Refused,
    RunnerError,
    TableLockedError,
    Unknown,
)
from runner.files.migrations.migration import Script
from runner.files.migrations.segments import Segment, Unit
from runner.files.migrations.units import check_script
from runner.redaction import redacted
from runner.server.connection.interruption import SessionEndedError, ends_session

Connection = psycopg.Connection[Any]

_SYNTAX_ERROR = "42601"
# "cannot run inside a transaction block", and a procedure that commits: only the server knows all of them
WANTS_NO_TRANSACTION = {"25001", "2D000"}
_LONGEST_QUERY = 500  # characters that are shown
_LOCKED = {"55P03", "40P01", "40001"}  # lock not available, deadlock, serialization failure
_DONE = {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY, ExecStatus.SINGLE_TUPLE}


class Closing(NamedTuple):
    """The statement with which a transaction inside a file ends: its number, and where it is."""

    number: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one message carries of a file, and what is needed to explain an error in it."""

    script: Script
    segment: Segment | None = None  # None: only SQL of ours
    earlier: int = 0  # statements of the file that went in messages before this one
    head: bytes = b""  # SQL of ours before the segment …
    head_results: int = 0  # … and how many results it gives
    tail: bytes = b""  # SQL of ours after it, which first checks deferred constraints …
    closes: Closing | None = None  # … and what commits then

    def message(self) -> bytes:
        """Return the whole message."""
        return self.head + (b"" if self.segment is None else self.segment.text.encode()) + self.tail


class StatementError(Exception):
    """The server refused a statement; `done` statements of the same message had run before it. `part` is the message."""

    def __init__(self, error: psycopg.Error, done: int, part: Part | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.done = done
        self.part = part


@contextmanager
def explained(left: Callable[[], Left]) -> Iterator[None]:
    """Turn a refused statement into an error that points into its file; `left` is asked then.

    Raises: MigrationFailedError or TableLockedError, BusyError where a yoyo command is running.
    """
    try:
        yield
    except StatementError as problem:
        if problem.part is None:
            raise
        raise failure(problem, problem.part, left()) from problem.error


def send(conn: Connection, part: Part) -> list[bytes]:
    """Send one part of a file and return the command tag of each of its statements.

    Raises: StatementError for a refused statement; psycopg.OperationalError when the connection is lost.
    """
    with _of(part):
        if part.segment is not None and part.segment.copy_data is not None:
            _copy(conn, part.segment)
            return []
        return execute(conn, part.message())


@contextmanager
def _of(part: Part) -> Iterator[None]:
    try:
        yield
    except StatementError as problem:
        problem.part = part
        raise


@contextmanager
def sending(conn: Connection, part: Part) -> Iterator[None]:
    """Send one part of a file, and take the answer when the block ends: meanwhile the next part is read.

    Raises: as `send`.
    """
    if part.segment is None or part.segment.copy_data is not None:
        send(conn, part)
        yield
        return
    with conn.lock:
        conn.wait(_submit(conn.pgconn, part.message()))
        try:
            yield
        except BaseException:
            _abandon(conn)
            raise
        results = conn.wait(generators.fetch_many(conn.pgconn))
    with _of(part):
        _tags(conn, results)


def execute(conn: Connection, data: bytes) -> list[bytes]:
    """Run one simple-protocol message and return the command tag of each statement.

    Raises: StatementError for a refused statement; psycopg.OperationalError when the connection is lost.
    """
    with conn.lock:
        results = conn.wait(_exchange(conn.pgconn, data))
    return _tags(conn, results)


def _tags(conn: Connection, results: Sequence[PGresult]) -> list[bytes]:
    for done, result in enumerate(results):
        if result.status == ExecStatus.FATAL_ERROR:
            raise StatementError(_raise_if_server_goes(conn, result), done)
        if result.status not in _DONE:
            # COPY with the client, which the file's check should have refused: no other way leads out of it
            conn.close()
            raise StatementError(_unwanted_copy(), done)
    return [result.command_status or b"" for result in results]


def _exchange(pgconn: PGconn, data: bytes) -> PQGen[list[PGresult]]:
    """Send within the waiting, where a signal finds the connection ready to cancel."""
    _send_query(pgconn, data)
    results: list[PGresult] = yield from generators.execute(pgconn)
    return results


def _submit(pgconn: PGconn, data: bytes) -> PQGen[None]:
    _send_query(pgconn, data)
    yield from generators.send(pgconn)


def stream(conn: Connection, data: bytes) -> Generator[PGresult, None, None]:
    """Run one simple-protocol message and yield each result as it comes, an error too.

    Closed before its end, it cancels what still runs.

    Raises: psycopg.OperationalError when the connection is lost.
    """
    with conn.lock:
        try:
            conn.wait(_submit(conn.pgconn, data))
            while (result := conn.wait(generators.fetch(conn.pgconn))) is not None:
                if result.status == ExecStatus.FATAL_ERROR:
                    _raise_if_server_goes(conn, result)
                elif result.status not in _DONE:
                    conn.close()  # COPY with the client: see `execute`
                    raise StatementError(_unwanted_copy(), 0)
                yield result
        except (KeyboardInterrupt, GeneratorExit):
            _abandon(conn)
            raise


def _abandon(conn: Connection) -> None:
    """Cancel what runs and take its answers, which must not be taken for those to what is sent next."""
    if conn.pgconn.transaction_status == TransactionStatus.ACTIVE:
        conn.cancel_safe()
        conn.wait(generators.fetch_many(conn.pgconn))


def _send_query(pgconn: PGconn, data: bytes) -> None:
    try:
        pgconn.send_query(data)
    except psycopg.OperationalError:
        pgconn.finish()  # the server is gone, which libpq would notice only when it reads
        raise


def send_unit(conn: Connection, unit: Unit, script: Script) -> None:
    """Send a unit once more that only changes the session."""
    for segment in unit.segments():
        send(conn, Part(script=script, segment=segment, earlier=unit.earlier))


def set_for_session(conn: Connection, settings: Mapping[str, str]) -> None:
    """Set what a file's directives ask for, until the session is reset."""
    for name, value in settings.items():
        conn.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, value])


def _raise_if_server_goes(conn: Connection, result: PGresult) -> psycopg.Error:
    """Return the error that the server answered, if the session goes on after it."""
    error = errors.error_from_result(result, encoding="utf-8")
    if ends_session(error):
        conn.close()
        raise SessionEndedError(error)
    return error


def _unwanted_copy() -> psycopg.Error:
    return psycopg.Error("the server began a COPY with the client in the middle of a file")


def _copy(conn: Connection, segment: Segment) -> None:
    try:
        with conn.cursor() as cursor, cursor.copy(segment.text.encode()) as stream:
            for piece in segment.data():
                stream.write(piece.encode())
    except psycopg.Error as error:
        if is_lost(conn, error):
            raise
        raise StatementError(error, 0) from error


def roll_back(conn: Connection) -> None:
    """Leave a failed transaction, if the connection is still there."""
    if not conn.closed and conn.info.transaction_status != TransactionStatus.IDLE:
        conn.execute("ROLLBACK")


def failure(problem: StatementError, part: Part, left: Left) -> RunnerError:
    """Return the error for a refused statement, with its place in the file."""
    error, diag = problem.error, problem.error.diag
    script, segment = part.script, part.segment
    message, offset, number, at_end = None, None, None, False
    if segment is not None and segment.statements:
        index = problem.done - part.head_results
        sent = int(diag.statement_position or 0) - 1 - len(part.head.decode())
        if sent >= 0:
            offset, at_end = _file_offset(segment, sent)
            if at_end and error.sqlstate == _SYNTAX_ERROR:
                message = "syntax error at the end of the file"
            index = max((n for n, s in enumerate(segment.statements) if s.start <= offset), default=index)
        if 0 <= index < len(segment.statements):
            number = part.earlier + index + 1
            if offset is None:
                statement = segment.statements[index]
                offset = statement.start + (inside(statement.text, diag) or 0)
    deferred = part.closes is not None and problem.done - part.head_results == _statements_in(segment)
    if deferred and part.closes is not None:
        number, offset = part.closes
    ours = number is None or (at_end and error.sqlstate != _SYNTAX_ERROR)
    query = ""
    if number is not None and not deferred and segment is not None and diag.internal_query is not None:
        text = segment.statements[number - part.earlier - 1].text
        query = "" if is_body(text, diag.internal_query) else _shortened(diag.internal_query)
    return explain(
        error,
        script,
        left=left,
        where=None if ours or offset is None else script.location(offset),
        refused=Refused(number, _total(script), redacted(diag.context or ""), query),
        message=message,
        otherwise=_OURS if ours else _DEFERRED if deferred else None,
    )


def _statements_in(segment: Segment | None) -> int:
    return 0 if segment is None else len(segment.statements)


def explain(
    error: psycopg.Error,
    script: Script,
    *,
    left: Left | None,
    refused: Refused,
    where: Location | None = None,
    message: str | None = None,
    otherwise: str | None = None,
) -> RunnerError:
    """Return the error to raise for what the server refused at a place of a file.

    `message` stands for the server's own; `otherwise` is the hint where neither the server nor we have one.
    """
    diag = error.diag
    own = _own_check(error)
    if own is not None:
        return own(script, left)
    kind = TableLockedError if error.sqlstate in _LOCKED else MigrationFailedError
    hint = _hint(diag.message_hint, error.sqlstate, script)
    return kind(
        message or (diag.message_primary or str(error)).strip(),
        where=where or Location(script.label),
        detail=None if diag.message_detail is None else _sentence(_row(diag.message_detail, error, script)),
        hint=otherwise if hint is None and kind is MigrationFailedError else hint,
        sqlstate=error.sqlstate,
        left=left,
        refused=refused,
    )


def _row(detail: str, error: psycopg.Error, script: Script) -> str:
    """Return the server's detail; not the row that it shows, where the file handles passwords."""
    shows_row = error.sqlstate in {"23502", "23514"}  # not null, check
    if shows_row and script.text is not None and "passw" in script.text.lower():
        return "The row is not shown, as the file handles passwords"
    return detail


def _shortened(query: str) -> str:
    """Return a query on one line, without a password."""
    text = redacted(" ".join(query.split()))  # before it is cut
    return text if len(text) <= _LONGEST_QUERY else f"{text[:_LONGEST_QUERY]}…"


def is_lost(conn: Connection, error: psycopg.Error) -> bool:
    """Return whether this is the loss of the connection, not the refusal of a statement."""
    return isinstance(error, psycopg.OperationalError) and (
        conn.closed or error.sqlstate is None or ends_session(error)
    )


def _file_offset(segment: Segment, sent: int) -> tuple[int, bool]:
    """Return the place in the file; a place behind the file's text is its end: a statement was left open."""
    last = segment.statements[-1]
    if sent >= len(segment.text.rstrip()):
        return last.end - 1, True
    return segment.file_offset(sent), False


def _total(script: Script) -> int | None:
    return None if script.text is None else check_script(script)


COMMITTING, JOURNALLED = Unknown("history"), Unknown("journal")


@contextmanager
def connection_kept(migration_id: str, *, outcome: Left) -> Iterator[None]:
    """Turn a lost connection into an error that says what is known of the outcome."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise ConnectionLostError(
            f"the connection was lost during {migration_id}",
            detail=f"{str(error).strip().splitlines()[0]}.",
            left=outcome,
            hint="Run the same command again: it goes on from what history says.",
        ) from error


def _own_check(error: psycopg.Error) -> Callable[[Script, Left | None], RunnerError] | None:
    text = error.diag.message_primary or ""
    for marker, explain in _OWN_CHECKS.items():
        if marker in text:
            return explain
    return None


def _transaction_ended(script: Script, _left: Left | None) -> RunnerError:
    return MigrationFailedError(
        "the migration ended its own transaction",
        where=Location(script.label),
        detail="What it did before that may be committed, and it is not recorded as applied.",
        hint="Look at the database, undo or finish by hand, remove the COMMIT or ROLLBACK from the file.",
    )


def _lock_lost(script: Script, left: Left | None) -> RunnerError:
    return MigrationFailedError(
        "the migration released the migration lock",
        where=Location(script.label),
        detail="It calls pg_advisory_unlock_all() or the like.",
        left=left,
        hint="Release only locks that the file took itself.",
    )


def _yoyo_at_work(script: Script, left: Left | None) -> RunnerError:
    return BusyError(
        "a yoyo command is running on this database",
        where=Location(script.label),
        detail="It took yoyo's lock after our run began.",
        left=left,
        hint="Wait until it is done and run the same command again. If it died: yoyo break-lock",
    )


_OWN_CHECKS = {
    message.TRANSACTION_ENDED: _transaction_ended,
    message.MIGRATION_LOCK_LOST: _lock_lost,
    message.YOYO_AT_WORK: _yoyo_at_work,
}

_DEFERRED = (
    "It is the error of a deferred constraint or trigger, which is checked when this statement commits."
)
_OURS = (
    "The error came after the file's own statements: from a deferred constraint, or from the record of it in history. "
    "A file must leave history's tables and the transaction's read-write mode alone."
)
_EXISTS_ALREADY = {"42701", "42P06", "42P07", "42710", "42723"}  # column, schema, relation, object, function
_EXISTS = (
    "If a rollback left it behind, drop it by hand. If the database already holds all that this file does, made by other "
    "means or by files that were squashed into it, record the file instead of running it: runner baseline --to {id}"
)
_OUTSIDE = (
    "Put the statement into a file of its own with -- transactional: false in its leading comment. If it is SET TRANSACTION, "
    "make it the first statement of its file."
)
_HINTS = {
    "55P03": "Run the same command again when the transaction that holds the lock has ended. To wait longer or try more "
    "often: --lock-timeout, --lock-retries, or -- lock_timeout: 10s in the file; the application queues behind each try.",
    "55P04": "A new enum value can be used only after the transaction that adds it: move what uses it to the next file.",
    "57014": "If a time limit ended it: -- statement_timeout: 10min in the file, or concurrently_timeout for a "
    "CONCURRENTLY statement, raises it.",
    "42501": "Grant the missing privilege to the role that migrates, or connect as the owner.",
}


def _hint(hint: str | None, sqlstate: str | None, script: Script) -> str | None:
    if hint is not None:
        return _sentence(hint)
    if sqlstate in WANTS_NO_TRANSACTION and script.transactional:
        return _OUTSIDE
    if sqlstate in _EXISTS_ALREADY:
        return _EXISTS.format(id=Path(script.label).stem)
    return _HINTS.get(sqlstate or "")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else text + "."
