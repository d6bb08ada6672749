"""What can go wrong: each error says what, where, in what state the database is, and what to do next.

RunnerError                     exit 1   a migration or the program failed
├── MigrationFailedError                 a statement was refused; the detail says what is in effect
├── UsageError                  exit 2   the command, the settings or the files are wrong; nothing was run
│   ├── ConfigurationError
│   ├── CredentialsError
│   └── FileError                        one place in one file
├── CheckError                  exit 3   a check says no: pending, edited, out of order, drift
└── RetryableError              exit 4   nothing is wrong with the files; the same command may be run again
    ├── UnreachableError
    └── BusyError
        └── TableLockedError
            └── GaveWayError
StoppedError                    exit 130 or 143, by a signal
"""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file; lines and columns count from 1, columns in characters."""

    path: Path | str
    line: int | None = None
    column: int | None = None
    text: str | None = None  # the line itself, shown under the message with a caret

    def __str__(self) -> str:
        parts = [str(self.path), *(str(n) for n in (self.line, self.column) if n is not None)]
        return ":".join(parts)


class RolledBack(NamedTuple):
    """The transaction of a step was undone; `later` steps of the run were not begun."""

    what: str  # migration, rollback, repeatable or hook
    id: str
    later: int = 0


class AllRolledBack(NamedTuple):
    """The transaction of a whole run was undone, with all migrations that it had begun."""

    migrations: int


class InEffect(NamedTuple):
    """A file that is not one transaction: the next run continues after the statements that are in effect, if it can."""

    done: int
    total: int
    is_rollback: bool = False
    goes_on: bool = True
    batch_rows: int = 0  # of a batch that is under way
    in_doubt: int = 0  # statements that were begun and may be in effect too


class InBatches(NamedTuple):
    """A statement that is repeated in batches: what was committed stays."""

    rows: int
    batches: int


class HalfDone(NamedTuple):
    """A statement that commits while it runs: what it had committed stays, `done` of the `others` are in effect."""

    done: int
    others: int


class Committed(NamedTuple):
    """What was under way had committed."""

    what: str = "migration"  # or run


class Unknown(NamedTuple):
    """The server did not answer any more; `knows` is what will tell: history, the journal or nobody."""

    knows: str = "nobody"


Left = RolledBack | AllRolledBack | InEffect | InBatches | HalfDone | Committed | Unknown


class Refused(NamedTuple):
    """The statement that the server refused: its number in the file, if it has one, and how many there are, if that is known."""

    number: int | None = None
    total: int | None = None
    context: str = ""  # as the server has it, a line a frame
    query: str = ""  # that the statement ran itself


@contextmanager
def about(database: str | None) -> Iterator[None]:
    """Note on an error raised inside which database it is about."""
    try:
        yield
    except RunnerError as error:
        error.database = error.database or database
        raise


_FOR_ONE_DATABASE = re.compile(
    r"\brunner (?:repair (?:accept|again|continue|done|forget|rename|restart)|baseline|migrate|plan|restore|rollback"
    r"|snapshot|status|validate|verify)\b(?! --(?:database|help))"
)


class RunnerError(Exception):
    """A failure that is reported to the user.

    `message` is one line, lower case, without a full stop. `detail` says what is known, `left` in what state the
    database is; `hint` says what to do. Detail and hint are whole sentences. `report.failure` puts them into words.
    """

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = "failed"

    def __init__(
        self,
        message: str,
        *,
        where: Location | None = None,
        detail: str | None = None,
        hint: str | None = None,
        sqlstate: str | None = None,
        left: Left | None = None,
        refused: Refused | None = None,
    ) -> None:
        from runner.redaction import redacted  # for start-up time: most runs have no error

        # what a server says may quote a statement, and with it a password
        message = redacted(message)
        super().__init__(message)
        self.message = message
        self.where = where
        self.detail = None if detail is None else redacted(detail)
        self.hint = hint
        self.sqlstate = sqlstate
        self.left = left
        self.refused = refused
        self.notes: list[str] = []  # sentences on what else is so, a line each
        self.database: str | None = None  # the database's folder in the project, if known

    @property
    def advice(self) -> str | None:
        """The hint, with `--database` added to each command in it."""
        if self.hint is None or self.database is None:
            return self.hint
        return _FOR_ONE_DATABASE.sub(rf"\g<0> --database {shlex.quote(self.database)}", self.hint)


class MigrationFailedError(RunnerError):
    """PostgreSQL refused a statement of a migration."""

    kind = "migration_failed"


class UsageError(RunnerError):
    """The command, a setting or a file is wrong; nothing was run."""

    exit_code = 2
    kind = "usage"


class ConfigurationError(UsageError):
    """A setting is missing, contradictory or malformed."""

    kind = "configuration"


class CredentialsError(UsageError):
    """The database's address or our credentials cannot be found, or the server refuses them."""

    kind = "credentials"


class FileError(UsageError):
    """A migration file cannot be accepted as it is."""

    kind = "file"


class CheckError(RunnerError):
    """A check says no: something is pending, edited, out of order, or differs."""

    exit_code = 3
    kind = "check"


class RetryableError(RunnerError):
    """Nothing was done, or all of it was undone; the same command may simply be run again."""

    exit_code = 4
    kind = "retryable"


class UnreachableError(RetryableError):
    """The server, or a service that we need to reach it, does not answer."""

    kind = "unreachable"


class ConnectionLostError(UnreachableError):
    """The connection was lost during a step; history shows whether the step had committed."""


class BusyError(RetryableError):
    """A lock was not obtained in time."""

    kind = "busy"


class TableLockedError(BusyError):
    """A table lock, or a conflict with another transaction, stopped a file; it may be retried."""


class GaveWayError(TableLockedError):
    """A file gave way because too many sessions waited behind it; it may be retried."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised as an exception in the running code, as Ctrl-C is."""

    signal_number = 15


class StoppedError(RunnerError):
    """A signal ended the run; the database is consistent."""

    kind = "stopped"

    def __init__(
        self, message: str, *, signal_number: int, detail: str | None = None, left: Left | None = None
    ) -> None:
        super().__init__(message, detail=detail, left=left)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number  # type: ignore[misc]  # of this instance, not of the class

    @classmethod
    def by(
        cls,
        stop: KeyboardInterrupt,
        *,
        during: str | None = None,
        detail: str | None = None,
        left: Left | None = None,
    ) -> StoppedError:
        """Name the signal, and what it ended."""
        name = "SIGTERM" if isinstance(stop, Terminated) else "an interrupt"
        number = Terminated.signal_number if isinstance(stop, Terminated) else signal.SIGINT
        what = "" if during is None else f" during {during}"
        error = cls(f"stopped by {name}{what}", signal_number=number, detail=detail, left=left)
        error.notes += getattr(stop, "__notes__", [])
        return error
