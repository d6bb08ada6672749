"""Functions and procedures: how volatile they are, whose rights and which search_path they run with.

Source: PostgreSQL manual, CREATE FUNCTION and ALTER FUNCTION.
"""

from __future__ import annotations

from collections.abc import Iterator

from runner.files.sqltext.phrase import Phrase, bare
from runner.review.lint.schema import Routine, Schema

_STEADY = frozenset({"STABLE", "IMMUTABLE"})


def create_routine(phrase: Phrase, schema: Schema) -> None:
    """Note a function or procedure that a statement makes."""
    name, index = phrase.target()
    if name is None:
        return
    words = {w for w, depth in zip(phrase.words[index:], phrase.depths[index:], strict=True) if depth == 0}
    routine = Routine(name, is_volatile=not words & _STEADY, has_search_path=sets_path(phrase, index))
    routine.is_definer = "DEFINER" in words
    other = schema.routines.find(name)
    if other is not None and not phrase.stands(1, "OR", "REPLACE"):
        routine.is_volatile |= other.is_volatile
        routine.has_search_path &= other.has_search_path
    schema.routines.put(routine)


def alter_routine(phrase: Phrase, schema: Schema) -> None:
    """Note what a statement makes of a function or procedure."""
    name, index = phrase.target()
    routine = schema.routine(name)
    if routine is None:
        return
    words = set(phrase.words[index:])
    if words & (_STEADY | {"VOLATILE"}):
        routine.is_volatile = "VOLATILE" in words
    if sets_path(phrase, index):
        routine.has_search_path = True
    elif resets_path(phrase, index):
        routine.has_search_path = False
    if phrase.find("SECURITY", start=index) >= 0:
        routine.is_definer = "DEFINER" in words


def sets_path(phrase: Phrase, start: int) -> bool:
    """Return whether a routine gets a search_path of its own, however the setting is spelled."""
    return any(bare(phrase, at + 1) == "search_path" for at in _places(phrase, "SET", start))


def resets_path(phrase: Phrase, start: int) -> bool:
    """Return whether a routine loses its own search_path."""
    return any(bare(phrase, at + 1) in {"search_path", "all"} for at in _places(phrase, "RESET", start))


def _places(phrase: Phrase, word: str, start: int) -> Iterator[int]:
    while (start := phrase.find(word, start=start)) >= 0:
        yield start
        start += 1
