"""Files as a project would have them, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from runner.files.migrations.layout import Layout, Source
from runner.files.migrations.load import load
from runner.files.migrations.migration import Migration
from runner.review.lint import Base, Finding, lint

_MARK = re.compile(r"^=== (base: |edited: )?(\S+)$", re.MULTILINE)
SINGLE = "0006_change.sql"


def files_of(example: str) -> dict[str, str]:
    """Return an example's files by name."""
    marks = list(_MARK.finditer(example))
    if not marks:
        return {SINGLE: example}
    ends = [*(mark.start() for mark in marks[1:]), len(example)]
    return {mark[2]: example[mark.end() + 1 : end] for mark, end in zip(marks, ends, strict=True)}


def base_of(example: str, files: Mapping[str, str]) -> Base | None:
    """Return the base of an example that has one: the files marked so."""
    marked = {mark[2].removesuffix(".sql"): mark[1] for mark in _MARK.finditer(example) if mark[1]}
    known = frozenset(marked)
    edited = frozenset(id_ for id_, mark in marked.items() if mark == "edited: ")
    ids = frozenset(name.removesuffix(".sql") for name in files)
    return Base(ids=known, changed=ids - known | edited, edited=edited) if known else None


@pytest.fixture
def migrations_of(tmp_path: Path) -> Callable[..., list[Migration]]:
    """Write files and read them as the program does; one without a rollback says that there is none."""

    def read(files: Mapping[str, str], *, complete: bool = True) -> list[Migration]:
        folder = tmp_path / "migrations"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            alone = not name.endswith(".rollback.sql") and name.replace(".sql", ".rollback.sql") not in files
            head = "-- irreversible: an example\n" if alone and complete else ""
            (folder / name).write_text(head + text, encoding="utf-8", newline="")
        return load(Layout(None, (Source(folder),), tmp_path / "schema.sql"), tmp_path)

    return read


@pytest.fixture
def found(migrations_of) -> Callable[..., list[Finding]]:
    """Check SQL, or several files by name."""

    def check(files: str | Mapping[str, str], **options) -> list[Finding]:
        complete = options.pop("complete", True)
        named = files_of(files) if isinstance(files, str) else files
        return lint(migrations_of(named, complete=complete), **options)

    return check
