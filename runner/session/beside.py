"""A database that has tables and no history: whether it is to be adopted, or migrated beside what is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from runner.engine.history.neighbours import find_neighbours, has_entries
from runner.errors import CheckError
from runner.session.session import Session
from runner.settings import Settings, is_ignored
from runner.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.engine.history.neighbours import Neighbours
    from runner.engine.history.store import History

_SHOWN = 5
_WAYS = (
    "To adopt the database, recording what it has already: runner baseline. "
    "To migrate beside these tables, which stay as they are: runner migrate --beside-existing"
)
_TO_APPLY = "To apply the files: runner migrate"


def neighbours(session: Session, settings: Settings) -> Neighbours | None:
    """Return the tables that no migration of ours made, where there are some and nothing was ever recorded.

    A history with entries is not asked for anything. Where there is none the tables are read first and history again
    after them: another runner may have begun meanwhile.
    """
    if _has_begun(session):
        return None

    found = unadopted(session.history, settings.ignore)
    if not found.tables and not found.tools:
        return None
    session.history.use(session.connection)
    session.refresh()
    return None if _has_begun(session) or has_entries(session.history) else found


def unadopted(history: History, ignore: Sequence[str]) -> Neighbours:
    """Return what is in a database without our history, but for the tables that are to be ignored."""
    found = find_neighbours(history)
    return replace(
        found, tables=tuple(name for name in found.tables if not is_ignored(ignore, "table", name))
    )


def refuse_neighbours(session: Session, settings: Settings) -> None:
    """Refuse to run anything in a database that has tables and no history.

    Raises: CheckError.
    """
    found = neighbours(session, settings)
    if found is None or not found.tables:
        return
    raise refusal(
        session.history.server.database,
        found,
        hint=f"{_WAYS}. Tables that are not this project's: --ignore 'table:schema.*'",
    )


def refusal(database: str, found: Neighbours, *, hint: str) -> CheckError:
    """Return the error for a database that has tables and no history."""
    shown = ", ".join(found.tables[:_SHOWN]) + (", …" if found.tables[_SHOWN:] else "")
    tools = others(found)
    told = "" if tools is None else f" {tools[:1].upper()}{tools[1:]}."
    return CheckError(
        sentence_of(database, found), detail=f"It has {shown}.{told} Nothing was run.", hint=hint
    )


def sentence_of(database: str, found: Neighbours) -> str:
    """Return the one line that says what was found."""
    if not found.tables:
        return f'database "{database}" has no history of migrations by runner or yoyo'
    return f'database "{database}" has {counted(len(found.tables), "table")} and no history of migrations'


def others(found: Neighbours) -> str | None:
    """Return the sentence about other tools' histories, without a full stop."""
    if not found.tools:
        return None
    newest = dict(found.newest)
    tools = [f"{tool} (newest entry: {newest[tool]})" if tool in newest else tool for tool in found.tools]
    return f"the history of {listed(tools)} is there"


class Remark(NamedTuple):
    """What is said of such a database, and what to do."""

    said: str
    ways: str
    is_refused: bool  # by `migrate`; the history of another tool alone is no reason


def remark(session: Session, settings: Settings) -> Remark | None:
    """Return what `status` and the like say of such a database."""
    found = neighbours(session, settings)
    if found is None:
        return None
    said = "; ".join(filter(None, (sentence_of(session.history.server.database, found), others(found))))
    return Remark(said, _WAYS if found.tables else _TO_APPLY, is_refused=bool(found.tables))


def _has_begun(session: Session) -> bool:
    state = session.state
    return bool(state.applied or state.partial or state.failed)
