"""The SQL around many files in one message: what is the same for all of them is prepared once, in the message itself.

Between two files the session is cleaned as always, but for the prepared statements. A file that might make, drop or
discard some does not travel so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from psycopg import sql

from runner.engine.history.actor import Actor
from runner.engine.history.message import REFUSE_TO_FILTER, Record, before, guard, record_statement, yoyo_hash
from runner.engine.history.names import Names
from runner.engine.history.state import Operation

_Kind = tuple[Operation, bool]  # what is recorded, and whether the migration stays where it is

# The clock at the last file's end; if a file has reset it, the time since the message began is recorded.
_SINCE_LAST = sql.SQL(
    "1000 * (EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()) - coalesce("
    "nullif(pg_catalog.current_setting('runner.clock', true), '')::numeric,"
    " EXTRACT(EPOCH FROM pg_catalog.statement_timestamp())))"
)
_PARAMETERS = "text, text, text, text, text, text, text, boolean"
_NEXT = (
    "PREPARE _runner_next AS SELECT pg_catalog.set_config("
    "'runner.clock', EXTRACT(EPOCH FROM pg_catalog.clock_timestamp())::text, false),"
    " CASE WHEN pg_catalog.current_setting('synchronous_commit') = 'off'"
    " THEN pg_catalog.set_config('synchronous_commit', 'on', true) END; "
)
_CHECKED = (
    "\n;SET CONSTRAINTS ALL IMMEDIATE; RESET SESSION AUTHORIZATION; RESET ROLE; "
    "SET LOCAL search_path = pg_catalog; SET LOCAL statement_timeout = 0; "
    f"{REFUSE_TO_FILTER.decode()}EXECUTE _runner_guard; "
)
_CLEANED = (
    "; CLOSE ALL; RESET ALL; UNLISTEN *; DISCARD TEMP; DISCARD SEQUENCES; EXECUTE _runner_next; COMMIT; "
)


class Prepared:
    """What one message says before and after each of its files."""

    CLOSING = "RESET ALL; DEALLOCATE ALL; DISCARD PLANS"

    def __init__(self, names: Names, actor: Actor, kinds: Iterable[_Kind]) -> None:
        self._names = names
        # the same search_path as where they are executed, or the server would plan them again each time
        statements = [
            "SET LOCAL search_path = pg_catalog; ",
            f"PREPARE _runner_guard AS {guard(names).decode()}; ",
            _NEXT,
            *(self._recording(kind, actor) for kind in sorted(set(kinds), key=_name)),
        ]
        self.opening = f"BEGIN; {''.join(statements)}COMMIT; "
        self.opening_results = len(statements) + 2
        self._heads: dict[tuple[tuple[str, str], ...], tuple[str, int]] = {}

    def _recording(self, kind: _Kind, actor: Actor) -> str:
        names = (
            "id",
            "hash",
            "comment",
            "kind",
            "checksum",
            "text",
            "rollback_text",
            "rollback_transactional",
        )
        values: dict[str, sql.Composable] = {name: sql.SQL(f"${n}") for n, name in enumerate(names, 1)}
        values["duration"] = _SINCE_LAST
        statement = record_statement(self._names, kind, actor, values).as_string(None)
        return f"PREPARE {_name(kind)} ({_PARAMETERS}) AS {statement}; "

    def before(self, settings: Mapping[str, str]) -> tuple[str, int]:
        """Return what stands before a file's SQL, and how many results it gives."""
        key = tuple(settings.items())
        if key not in self._heads:
            head, results = before(self._names, settings)
            self._heads[key] = head.decode(), results
        return self._heads[key]

    def after(self, record: Record) -> str:
        """Return what stands after a file's SQL, COMMIT included."""
        values = (
            record.id,
            yoyo_hash(record.id),
            record.comment,
            record.kind,
            record.checksum,
            record.text,
            record.rollback_text,
            record.rollback_transactional,
        )
        given = ", ".join(sql.Literal(value).as_string(None) for value in values)
        return f"{_CHECKED}EXECUTE {_name(record.recorded_as)}({given}){_CLEANED}"


def _name(kind: _Kind) -> str:
    operation, again = kind
    return f"_runner_{operation.value}{'_again' if again else ''}"
