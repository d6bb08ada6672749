"""Separate schema differences that need no correction, or can have none: notes, not faults of a rollback. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.files.sqltext.identifiers import NAME, QUALIFIED
from runner.files.sqltext.tokens import SqlSyntaxError, tokens
from runner.schema.catalog.objects import Catalog, Change, Difference

_VERSION, _MEMBERS = "extension version", "extension members"  # which come with it
_ROUTINES = frozenset({"function", "procedure"})
_ROUTINE = re.compile(r"(?P<head>.*?)\nAS (?P<tag>\$\w*\$)(?P<body>.*)(?P=tag);?\s*\Z", re.DOTALL)
_READABLE = re.compile(r"^ LANGUAGE (?:sql|plpgsql)$", re.MULTILINE)
_ENUM = re.compile(r"CREATE TYPE (?P<name>.+?) AS ENUM \((?P<values>.*)\);?\s*\Z", re.DOTALL)
_NOT_VALID_NULL = re.compile(
    rf"ALTER TABLE (?P<table>{QUALIFIED})\s+ADD CONSTRAINT (?P<name>{NAME}) NOT NULL (?P<column>{NAME}) NOT VALID;"
)
_VALUE = re.compile(r"'(?:[^']|'')*'")


def without_harmless(
    differences: Sequence[Difference], *, since: Catalog
) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    """Return the differences that count, and a note about each of the others.

    `since` is the schema before the last step; it shows what that step left unchanged.
    """
    found = [(difference, _note(difference, since)) for difference in differences]
    found = _with_validated_not_null(found)
    newer = {difference.identity for difference, note in found if note and difference.kind == _VERSION}
    return (
        tuple(
            difference
            for difference, note in found
            if note is None and not (difference.kind == _MEMBERS and difference.identity in newer)
        ),
        tuple(note for _, note in found if note is not None),
    )


def _with_validated_not_null(
    found: Sequence[tuple[Difference, str | None]],
) -> list[tuple[Difference, str | None]]:
    """Add a note where a NOT NULL that was not valid became a part of its column, which it is once it is valid."""
    columns = {(d.expected_sql, d.actual_sql): d for d, _ in found if d.kind == "column"}
    notes: dict[Difference, str] = {}
    for gone, _ in found:
        match = _NOT_VALID_NULL.fullmatch(gone.expected_sql or "") if gone.kind == "constraint" else None
        if match is None or gone.change is not Change.MISSING:
            continue
        for (was, now), column in columns.items():
            is_same = now is not None and was in (
                now.replace(f" CONSTRAINT {match['name']} NOT NULL", "", 1),
                now.replace(" NOT NULL", "", 1),
            )
            if is_same and column.identity == f"{match['table']}.{match['column']}":
                note = f"constraint {gone.identity} stays validated, which allows nothing that was refused before"
                notes[gone] = notes[column] = note
    kept = [(difference, notes.get(difference, note)) for difference, note in found]
    once = {difference for difference in notes if difference.kind == "column"}
    return [(difference, note) for difference, note in kept if difference not in once]


def _note(difference: Difference, since: Catalog) -> str | None:
    left = since.objects.get((difference.kind, difference.identity))
    return harmless(difference, is_kept=left is not None and left.sql == difference.actual_sql)


def harmless(difference: Difference, *, is_kept: bool) -> str | None:
    """Return a note about a difference that a rollback need not or cannot undo, None for any other.

    What no rollback can undo is excused only where it is kept: one that makes it has itself to blame.
    """
    before, after = difference.expected_sql, difference.actual_sql
    if difference.kind == _VERSION and difference.change is Change.CHANGED and is_kept:
        return f"extension {difference.identity} keeps its version: few extensions can be downgraded"
    if difference.kind == "constraint validation" and difference.change is Change.UNEXPECTED:
        return (
            f"constraint {difference.identity} stays validated, which allows nothing that was refused before"
        )
    if difference.change is not Change.CHANGED or before is None or after is None:
        return None
    name = f"{difference.kind} {difference.identity}"
    if difference.kind in _ROUTINES and _is_same_code(before, after):
        return f"{name} differs only in white space"
    if difference.kind in ("constraint", "foreign key") and before.rstrip("; \n").removesuffix(
        " NOT VALID"
    ) == after.rstrip("; \n"):
        return f"{name} stays validated, which allows nothing that was refused before"
    if difference.kind == "type" and is_kept and (values := _more_values(before, after)):
        return f"{name} keeps {', '.join(values)}: PostgreSQL cannot remove a value from an enum"
    return None


def _is_same_code(before: str, after: str) -> bool:
    """Return whether two routines have the same words and literals; a body in another language is compared as it is."""
    was, now = _ROUTINE.fullmatch(before), _ROUTINE.fullmatch(after)
    if was is None or now is None or was["head"] != now["head"] or not _READABLE.search(was["head"]):
        return False
    try:
        return _words(was["body"]) == _words(now["body"])
    except SqlSyntaxError:
        return False


def _words(body: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text.rstrip() if token.is_comment else token.text) for token in tokens(body)]


def _more_values(before: str, after: str) -> list[str]:
    """Return the values that an enum has now besides those that it had, which stand in the same order."""
    was, now = _ENUM.fullmatch(before), _ENUM.fullmatch(after)
    if was is None or now is None or was["name"] != now["name"]:
        return []
    old, new = _VALUE.findall(was["values"]), _VALUE.findall(now["values"])
    more = [value for value in new if value not in old]
    return more if [value for value in new if value in old] == old else []
