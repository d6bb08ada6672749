"""What the leading comment of a file asks for, checked word by word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import FileError
from runner.limits import milliseconds
from runner.migrations.model import Script
from runner.sqltext import Directive, leading_directives

if TYPE_CHECKING:
    from runner.migrations.bulk import Batch, CopyFrom

SETTINGS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
MOST_CONNECTIONS = 16

# Words that begin a line of prose in real files; any other lower-case "word:" is taken for a directive.
_PROSE = frozenset({
    "author", "by", "changed", "created", "date", "description", "example", "fix", "issue", "jira", "link", "locks",
    "name", "note", "notes", "purpose", "reason", "ref", "reference", "references", "see", "since", "source",
    "ticket", "title", "todo", "todos", "updated", "usage", "version", "warning", "what", "when", "why",
})  # fmt: skip


@dataclass(slots=True)
class Directives:
    """The directives of one file."""

    depends: list[tuple[str, int]] = field(default_factory=list)  # ids, with their offsets
    transactional: bool | None = None
    irreversible: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    concurrently_timeout_ms: int | None = None
    lock_retries: int | None = None
    max_blocked: int | None = None
    batch: Batch | None = None
    parallel: int = 1
    copies: list[CopyFrom] = field(default_factory=list)

    def applied_to(self, script: Script, *, transactional: bool) -> Script:
        """Return the script as these directives want it run.

        Raises: FileError when two of them exclude each other.
        """
        if self.copies and (self.batch is not None or not transactional):
            raise script.error(
                "copy in a file that is not one transaction",
                self.copies[0].offset,
                hint="Put it into a file of its own, without transactional: false and without batch.",
            )
        if transactional == script.transactional and self == _NOTHING_ASKED:
            return script
        return replace(
            script,
            transactional=transactional and self.batch is None,
            settings=self.settings,
            concurrently_timeout_ms=self.concurrently_timeout_ms,
            lock_retries=self.lock_retries,
            max_blocked=self.max_blocked,
            batch=self.batch,
            parallel=self.parallel,
            copies=tuple(self.copies),
        )


_NOTHING_ASKED = Directives()


def read_directives(script: Script, head: str, project: Path) -> Directives:
    """Read the directives in the leading comment of a file, of which `head` holds at least that comment.

    Raises: FileError for an unknown, misspelt or badly valued one, and for two that exclude each other.
    """
    found = Directives()
    last: dict[str, Directive] = {}
    for directive in _directives(script, head):
        _READERS[directive.name](found, script, directive, project)
        last[directive.name] = directive
    if found.batch is not None and found.transactional is True:
        raise _bad_value(
            script, last["transactional"], "transactional: true in a file with batch", _BATCH_HINT
        )
    if found.parallel > 1 and (found.transactional is not False or found.batch is not None):
        raise _bad_value(
            script,
            last["parallel"],
            "parallel in a file that is run as a whole or in batches",
            "Its statements run each by itself: add -- transactional: false, and leave out batch.",
        )
    return found


def _depends(found: Directives, _script: Script, directive: Directive, _project: Path) -> None:
    for word in re.finditer(r"\S+", directive.value):
        found.depends.append((word[0], directive.value_offset + word.start()))


def _transactional(found: Directives, script: Script, directive: Directive, _project: Path) -> None:
    if directive.value.lower() not in {"true", "false"}:
        raise _bad_value(script, directive, f'transactional is "{directive.value}"', "Write true or false.")
    found.transactional = directive.value.lower() == "true"


def _irreversible(found: Directives, script: Script, directive: Directive, _project: Path) -> None:
    if not directive.value:
        raise _bad_value(
            script,
            directive,
            "irreversible gives no reason",
            "Write -- irreversible: why there is no way back.",
        )
    found.irreversible = directive.value


def _setting(found: Directives, script: Script, directive: Directive, _project: Path) -> None:
    found.settings[directive.name] = f"{_milliseconds(script, directive)}ms"


def _concurrently_timeout(found: Directives, script: Script, directive: Directive, _project: Path) -> None:
    found.concurrently_timeout_ms = _milliseconds(script, directive)


def _milliseconds(script: Script, directive: Directive) -> int:
    value = milliseconds(directive.value)
    if value is None:
        raise _bad_value(
            script,
            directive,
            f'{directive.name} is "{directive.value}"',
            "Write a number with a unit: 500ms, 5s, 2min; 0 means no limit.",
        )
    return value


def _lock_retries(found: Directives, script: Script, directive: Directive, _project: Path) -> None:
    found.lock_retries = _number(script, directive, least=0, most=1000)


def _max_blocked(found: Directives, script: Script, directive: Directive, _project: Path) -> None:
    found.max_blocked = _number(script, directive, least=0, most=100_000)


def _parallel(found: Directives, script: Script, directive: Directive, _project: Path) -> None:
    found.parallel = _number(script, directive, least=1, most=MOST_CONNECTIONS)


def _number(script: Script, directive: Directive, *, least: int, most: int) -> int:
    if not directive.value.isdecimal() or not least <= int(directive.value) <= most:
        raise _bad_value(
            script,
            directive,
            f'{directive.name} is "{directive.value}"',
            f"Write a number from {least} to {most}.",
        )
    return int(directive.value)


def _batch(found: Directives, script: Script, directive: Directive, _project: Path) -> None:
    from runner.migrations.bulk import parse_batch

    batch = parse_batch(directive.value)
    if isinstance(batch, str):
        raise _bad_value(script, directive, f'batch holds "{batch}"', _BATCH_HINT)
    found.batch = batch


def _copy(found: Directives, script: Script, directive: Directive, project: Path) -> None:
    from runner.migrations.bulk import parse_copy

    copy = parse_copy(directive.value, directive.value_offset, project)
    if isinstance(copy, str):
        raise _bad_value(
            script,
            directive,
            f"copy cannot be followed: {copy}",
            "Write for example: -- copy: app.country (code, name) from data/country.csv",
        )
    found.copies.append(copy)


def _lint(_found: Directives, _script: Script, _directive: Directive, _project: Path) -> None:
    """Leave it to the lint room, which reads it by itself."""


_READERS: Mapping[str, Callable[[Directives, Script, Directive, Path], None]] = {
    "depends": _depends,
    "transactional": _transactional,
    "irreversible": _irreversible,
    **dict.fromkeys(SETTINGS, _setting),
    "concurrently_timeout": _concurrently_timeout,
    "lock_retries": _lock_retries,
    "max_blocked": _max_blocked,
    "batch": _batch,
    "parallel": _parallel,
    "copy": _copy,
    "lint": _lint,
}
NAMES = tuple(_READERS)

_BATCH_HINT = (
    "Each statement is repeated, every time in a transaction of its own. Write -- batch: true, or some of: "
    "-- batch: pause 200ms, at most 5000, lag 10s, waiting 3"
)


def _directives(script: Script, head: str) -> Iterator[Directive]:
    for directive in leading_directives(head):
        name = directive.name.replace("-", "_")
        if name in NAMES:
            yield Directive(name, directive.value, directive.offset, directive.value_offset)
            continue
        if directive.name in _PROSE or not directive.value:
            continue
        import difflib

        near = difflib.get_close_matches(name, NAMES, n=1)
        raise script.error(
            f'unknown directive "{directive.name}"',
            directive.offset,
            detail=f"Known are {', '.join(NAMES)}.",
            hint=(f"Perhaps you meant {near[0]}. " if near else "")
            + "If the line is prose, begin it with a capital letter.",
        )


def _bad_value(script: Script, directive: Directive, message: str, hint: str) -> FileError:
    return script.error(message, directive.value_offset, hint=hint)
