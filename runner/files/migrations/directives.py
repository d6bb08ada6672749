"""Read and check the directives in the leading comment of a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import FileError
from runner.files.migrations.bulk import Batch, may_name_a_file, names_a_file, parse_batch, parse_copy
from runner.files.migrations.evident import NAMES, Evident, evident
from runner.files.migrations.migration import Script
from runner.files.migrations.unseen import Reading, is_blank, is_plain, readings
from runner.files.sqltext.leading_comment import Directive, directive_in, leading_lines
from runner.limits import milliseconds

if TYPE_CHECKING:
    from runner.files.migrations.bulk import CopyFrom

SETTINGS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
MOST_CONNECTIONS = 16


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
    problems: list[FileError] = field(default_factory=list)  # why the file may not be run

    def applied_to(self, script: Script, *, transactional: bool) -> Script:
        """Return the script with these directives, and with the reasons why it may not be run."""
        problems = self.problems
        if self.copies and (self.batch is not None or not transactional):
            problems = [
                *problems,
                script.error(
                    "copy in a file that is not one transaction",
                    self.copies[0].offset,
                    hint="Put it into a file of its own, without transactional: false and without batch.",
                ),
            ]
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
            problems=tuple(problems),
        )


_NOTHING_ASKED = Directives()


def read_directives(script: Script, head: str, project: Path) -> Directives:
    """Read the directives in the leading comment of a file; `head` must contain at least that comment.

    A misspelled directive, a bad value, and two that exclude each other are problems of the file. They are reported
    together, and only if the file is to be run.
    """
    found = Directives()
    last: dict[str, Directive] = {}
    for item in _directives(script, head):
        if isinstance(item, FileError):
            found.problems.append(item)
            continue
        try:
            _READERS[item.name](found, script, item, project)
        except FileError as error:
            found.problems.append(error)
        last[item.name] = item
    if found.batch is not None and found.transactional is True:
        found.problems.append(
            _bad_value(script, last["transactional"], "transactional: true in a file with batch", _BATCH_HINT)
        )
    if found.parallel > 1 and (found.transactional is not False or found.batch is not None):
        found.problems.append(
            _bad_value(
                script,
                last["parallel"],
                "parallel in a file that is run as a whole or in batches",
                "It needs statements that commit one by one: add -- transactional: false, and remove batch.",
            )
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

    batch = parse_batch(directive.value)
    if isinstance(batch, str):
        raise _bad_value(script, directive, f'batch holds "{batch}"', _BATCH_HINT)
    found.batch = batch


def _copy(found: Directives, script: Script, directive: Directive, project: Path) -> None:

    copy = parse_copy(directive.value, directive.value_offset, project)
    if isinstance(copy, str):
        raise _bad_value(
            script,
            directive,
            f"copy is not understood: {copy}",
            "Write for example: -- copy: app.country (code, name) from data/country.csv",
        )
    found.copies.append(copy)


def _lint(_found: Directives, _script: Script, _directive: Directive, _project: Path) -> None:
    """Do nothing; the lint room reads it itself."""


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

_BATCH_HINT = (
    "Each statement is repeated, each time in a transaction of its own. Write -- batch: true, or some of: "
    "-- batch: pause 200ms, at most 5000, lag 10s, waiting 3"
)


def _directives(script: Script, head: str) -> Iterator[Directive | FileError]:
    for line, offset in leading_lines(head):
        unseen = None if is_plain(line) else _unseen(line, offset)
        directive = known_directive(line, offset)
        if unseen is not None:
            yield _invisible(script, *unseen)
        elif directive is not None:
            yield directive
        elif (meant := evident(line, offset, _fits)) is not None:
            yield _miswritten(script, meant)


def known_directive(line: str, offset: int) -> Directive | None:
    """Return the directive in a comment's line, if it is one of ours; `-` in its name counts as `_`.

    "copy: paste from old system" is prose, as is whatever else can be no value of `copy`, `batch` or `parallel`.
    """
    found = directive_in(line, offset)
    if (
        found is None
        or (name := found.name.replace("-", "_")) not in _READERS
        or _is_prose(name, found.value)
    ):
        return None
    return found._replace(name=name)


def _is_prose(name: str, value: str) -> bool:
    """Return whether the value of a name that is an English word cannot have been meant as one of the directive."""
    if name == "copy":
        return not may_name_a_file(value)
    if name in {"batch", "parallel"}:
        words = value.lower().split()
        return len(words) > 1 and not any(_VALUE_WORD.search(word) for word in words)
    return False


# of batch and parallel: a number, yes or no, or the name of a part
_VALUE_WORD = re.compile(r"\d|^(?:true|false|yes|no|on|off|pause|lag|waiting|most)\b")


def _unseen(line: str, offset: int) -> tuple[str, str, Reading] | None:
    """Return the directive that a line with unseen characters looks like: its name, how to write it, what is unseen."""
    if (
        (written := known_directive(line, offset)) is not None
        and written.name in _FREE
        and not is_blank(written.value)
    ):
        return None  # a reason and a path may contain any character
    for reading in readings(line, offset):
        seen = known_directive(reading.line, offset)
        if seen is not None and (seen.name not in _WORDS or _fits(seen.name, seen.value)):
            return seen.name, f"-- {seen.name}: {seen.value}".rstrip(), reading
        if seen is None and (meant := evident(reading.line, offset, _fits)) is not None:
            return meant.name, meant.right, reading
    return None


_FREE = frozenset({"irreversible", "lint", "copy"})
_WORDS = frozenset({"batch", "copy", "parallel", "lint"})  # of English: with another value they are prose


def _invisible(script: Script, name: str, right: str, reading: Reading) -> FileError:
    return script.error(
        f"an invisible character in the directive {name}: {reading.character}",
        reading.offset,
        detail="With it the line would be prose, or have another value.",
        hint=f"Delete the line and type: {right}",
    )


def late_directive(line: str, offset: int) -> tuple[str, int] | None:
    """Return the name and offset of a directive, however written, in a line where it has no effect."""
    if not is_plain(line) and (unseen := _unseen(line, offset)) is not None:
        return unseen[0], unseen[2].offset
    found = known_directive(line, offset)
    if found is not None:
        is_meant = found.name not in _WORDS or _fits(found.name, found.value)
        return (found.name, found.offset) if is_meant else None
    meant = evident(line, offset, _fits)
    return None if meant is None else (meant.written, meant.offset)


def _miswritten(script: Script, meant: Evident) -> FileError:
    return script.error(
        f'unknown directive "{meant.written}"'
        if meant.is_misspelt
        else f'the directive {meant.name} is miswritten: "{meant.written}"',
        meant.offset,
        detail=f"The directives are {', '.join(NAMES)}; write the name in lower case, a colon, a value. Any other comment is prose.",
        hint=f"Perhaps you meant {meant.name}. Write: {meant.right}",
    )


def _fits(name: str, value: str) -> bool:
    """Return whether a value has the form that a directive takes."""
    if name == "depends":
        return all(re.search(r"[\d_]", word) for word in value.split()) and bool(value)
    if name == "transactional":
        return value.lower() in {"true", "false", "yes", "no", "on", "off", "0", "1"}
    if name in {"lock_retries", "max_blocked", "parallel"}:
        return value.isdecimal()
    if name == "lint":
        return value.lower().startswith("allow")
    if name == "irreversible":
        return bool(value)
    if name in {"batch", "copy"}:
        return isinstance(parse_batch(value), Batch) if name == "batch" else names_a_file(value)
    return milliseconds(value) is not None


def _bad_value(script: Script, directive: Directive, message: str, hint: str) -> FileError:
    return script.error(message, directive.value_offset, hint=hint)
