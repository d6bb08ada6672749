"""Directives for many rows: a statement repeated in batches, a data file to load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from runner.files.sqltext.identifiers import NAME
from runner.limits import milliseconds

# compiled when a file has such a directive: most starts meet none
_COPY = rf"""(?xi)(?P<table>{NAME}(?:\.{NAME})?)\s*
         (?:\((?P<columns>\s*{NAME}\s*(?:,\s*{NAME}\s*)*)\))?\s*
         \bfrom\s+(?P<path>'[^']+'|\S+?)\s*
         (?:\((?P<options>.*)\))?"""
_DATA_SUFFIXES = {".csv", ".tsv", ".txt", ".dat", ".copy"}
_BATCH_PARTS = (
    (r"pause\s+(.+)", "pause_ms", milliseconds),
    (r"lag\s+(.+)", "lag_ms", milliseconds),
    (r"at most\s+0*([1-9]\d*)", "at_most", int),
    (r"waiting\s+(\d+)", "waiting", int),
)


class Batch(NamedTuple):
    """How to repeat each statement of a file until it changes nothing, each time in a transaction of its own."""

    pause_ms: int = 0  # between two repeats
    at_most: int = 100_000  # repeats of one statement
    lag_ms: int | None = None  # go on only while every replica is less than this behind
    waiting: int | None = None  # go on only while at most this many sessions of the database wait for a lock


class CopyFrom(NamedTuple):
    """A data file to load with COPY after the file's own statements, in the same transaction."""

    table: str  # as written, with or without a schema
    columns: tuple[str, ...]  # as written; empty: all
    path: Path
    label: str
    options: str | None  # of COPY, as written; None: the suffix decides
    offset: int  # of the directive's value


def parse_batch(value: str) -> Batch | str:
    """Return the settings of a batch directive, or the part that is not understood."""
    if value.lower() == "true":
        return Batch()
    found: dict[str, int] = {}
    for part in (part.strip() for part in value.split(",")):
        for pattern, name, convert in _BATCH_PARTS:
            match = re.fullmatch(pattern, part)
            number = None if match is None else convert(match[1])
            if number is not None and name not in found:
                found[name] = number
                break
        else:
            return part
    return Batch(**found)


def parse_copy(value: str, offset: int, project: Path) -> CopyFrom | str:
    """Return the settings of a copy directive, or what is wrong with it. The file need not exist yet.

    The path must be inside the project, also after symbolic links are followed.
    """
    match = re.fullmatch(_COPY, value)
    if match is None:
        return "it is not of the form: table (column, …) from path (options)"
    written = match["path"].strip("'")
    path = (project / written).resolve()
    if not path.is_relative_to(project.resolve()):
        return f"{written} is outside the project"
    columns = () if match["columns"] is None else tuple(re.findall(NAME, match["columns"]))
    return CopyFrom(
        table=match["table"],
        columns=columns,
        path=path,
        label=written,
        options=match["options"],
        offset=offset,
    )


def may_name_a_file(value: str) -> bool:
    """Return whether this can have been meant as a copy directive's value, also if it is not written as one."""
    return re.fullmatch(_COPY, value) is not None or any(
        "/" in word or ")" in word or Path(word.strip("'\",;")).suffix.lower() in _DATA_SUFFIXES
        for word in value.split()
    )


def names_a_file(value: str) -> bool:
    """Return whether this is a copy directive's value with a file's path; prose may contain "from", too."""
    match = re.fullmatch(_COPY, value)
    return match is not None and (
        "/" in match["path"] or Path(match["path"].strip("'")).suffix in _DATA_SUFFIXES
    )
