"""What the leading comment of a file asks for, checked word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from runner.errors import FileError
from runner.migrations.model import Script
from runner.sqltext import Directive, leading_directives

NAMES = ("depends", "transactional", "irreversible", "lock_timeout", "statement_timeout", "lint")
SETTINGS = ("lock_timeout", "statement_timeout")

# Words that begin a line of prose in real files; any other lower-case "word:" is taken for a directive.
_PROSE = frozenset({
    "author", "by", "changed", "created", "date", "description", "example", "fix", "issue", "jira", "link", "locks",
    "name", "note", "notes", "purpose", "reason", "ref", "reference", "references", "see", "since", "source",
    "ticket", "title", "todo", "todos", "updated", "usage", "version", "warning", "what", "when", "why",
})  # fmt: skip
# PostgreSQL's "Numeric with Unit" values (manual, "Setting Parameters"): a bare number is in milliseconds
_DURATION = re.compile(r"(\d+)\s*(us|ms|s|min|h|d)?")
_UNIT_MS = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_MS = 2**31 - 1


@dataclass(slots=True)
class Directives:
    """The directives of one file."""

    depends: list[tuple[str, int]] = field(default_factory=list)  # ids, with their offsets
    transactional: bool | None = None
    irreversible: str | None = None
    settings: dict[str, str] = field(default_factory=dict)


def read_directives(script: Script, head: str) -> Directives:
    """Read the directives in the leading comment of a file, of which `head` holds at least that comment.

    Raises: FileError for an unknown, misspelt or badly valued one.
    """
    found = Directives()
    for directive in _directives(script, head):
        name, value = directive.name, directive.value
        if name == "depends":
            if not value:
                raise _bad_value(
                    script,
                    directive,
                    "depends names no migration",
                    "Name the ids that must come first, or remove the line.",
                )
            for word in re.finditer(r"\S+", value):
                found.depends.append((word[0], directive.value_offset + word.start()))
        elif name == "transactional":
            if value.lower() not in {"true", "false"}:
                raise _bad_value(script, directive, f'transactional is "{value}"', "Write true or false.")
            found.transactional = value.lower() == "true"
        elif name == "irreversible":
            if not value:
                raise _bad_value(
                    script,
                    directive,
                    "irreversible gives no reason",
                    "Write -- irreversible: why there is no way back.",
                )
            found.irreversible = value
        elif name in SETTINGS:
            if not _is_duration(value):
                raise _bad_value(
                    script,
                    directive,
                    f'{name} is "{value}"',
                    "Write a number with a unit: 500ms, 5s, 2min; 0 means no limit.",
                )
            found.settings[name] = value
    return found


def _is_duration(value: str) -> bool:
    match = _DURATION.fullmatch(value)
    return match is not None and int(match[1]) * _UNIT_MS[match[2] or "ms"] <= _LONGEST_MS


def _directives(script: Script, head: str) -> Iterator[Directive]:
    for directive in leading_directives(head):
        name = directive.name.replace("-", "_")
        if name in NAMES:
            yield Directive(name, directive.value, directive.offset, directive.value_offset)
            continue
        if directive.name in _PROSE or not directive.value:
            continue
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
