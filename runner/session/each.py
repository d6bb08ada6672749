"""Every database has its turn, also when another one fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from runner.errors import RetryableError, RunnerError, StoppedError
from runner.events import Emit
from runner.report.per_database import PerDatabase
from runner.session.session import Session, open_sessions
from runner.settings import Settings

T = TypeVar("T")


class Failures:
    """What went wrong with which database, kept until all have had their turn."""

    def __init__(self) -> None:
        self._databases = 0  # that had their turn
        self._met: list[tuple[str, RunnerError]] = []

    @contextmanager
    def of(self, database: str) -> Iterator[None]:
        """Keep an error of one database for later; a signal still ends everything."""
        self._databases += 1
        try:
            yield
        except StoppedError:
            raise
        except RunnerError as error:
            self._met.append((database, error))

    def check(self) -> None:
        """Raise the error that running the command again would not cure, else the first; it names the others.

        An error of the only database is raised as it is.

        Raises: RunnerError.
        """
        if not self._met:
            return
        first = next((met for met in self._met if not isinstance(met[1], RetryableError)), self._met[0])
        database, error = first
        others = [met for met in self._met if met is not first and met[1].message != error.message]
        if self._databases > 1 and not self._same_for_all():
            if database not in error.message.split():
                error.message = f"{database}: {error.message}"
            well = "" if len(self._met) == self._databases else "Every other database had its turn."
            told = [f"Also {name}: {other.message}." for name, other in others]
            error.notes += filter(None, (*told, well))
        raise error

    def _same_for_all(self) -> bool:
        return len(self._met) == self._databases and len({error.message for _, error in self._met}) == 1


def in_each(settings: Settings, emit: Emit, look: Callable[[Session], T]) -> list[PerDatabase[T]]:
    """Open every database that the settings choose, and return what is found in each.

    Raises: as `open_sessions`; what `look` raises.
    """
    with open_sessions(settings, emit=emit) as sessions:
        return [PerDatabase(session.title, session.place, look(session)) for session in sessions]
