"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from runner.errors import Location

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.files.sqltext.phrase import Phrase
    from runner.review.lint.facts import Facts
    from runner.review.lint.safer import Change


class Level(Enum):
    """How much a finding weighs."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"  # the rule is asked for by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a reviewer should know of, and its place."""

    rule: str
    level: Level = Level.ERROR
    message: str
    where: Location
    effect: str | None = None  # what happens in production
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What a rule has to say about a statement; `offset` counts characters from the statement's start."""

    message: str
    offset: int = 0
    hint: str | None = None  # where the rule's own advice does not fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: its words, its examples, and for a rule about a single statement how it is found.

    An example is one file, or several, each behind a line `=== path`.
    """

    id: str
    name: str
    level: Level = Level.ERROR
    condition: str  # when it fires
    effect: str  # what then happens in production
    safer: str
    unknown: str  # what the files do not tell it, so where it is silent or wrong
    bad: str
    good: str
    source: str  # a page of the PostgreSQL manual; empty where the matter is runner's own
    squawk: tuple[str, ...] = ()  # squawk's rules that say the same
    kinds: Sequence[str] = ()  # of statements, see Phrase.kind; none: it is not about single statements
    check: Callable[[Phrase, Facts], Iterable[Problem]] | None = field(default=None, repr=False)
    form: Callable[[Change], str | None] | None = field(default=None, repr=False)  # see `safer_form`
    once: bool = False  # said once a file
    folds: bool = False  # said once a database, with the number of files
    in_rollback: bool = False  # whether a file that undoes is held to it too
    shows_line: bool = True  # whether its findings may repeat the line

    def safer_form(self, change: Change) -> str | None:
        """Return what to write instead of a statement, with its own names; None if it is none of this rule's."""
        return None if self.form is None or change.phrase.kind not in self.kinds else self.form(change)

    def finding(self, message: str, where: Location, *, hint: str | None = None) -> Finding:
        """Return what this rule finds at a place."""
        return Finding(
            rule=self.id,
            level=self.level,
            message=message,
            where=where,
            effect=self.effect,
            hint=hint or self.safer,
        )
