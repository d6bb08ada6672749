"""Pure: what is wrong with the files themselves, without a database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runner.errors import FileError, Location
from runner.history import in_order
from runner.migrations import Kind, Migration, Script, check_script


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a reviewer should know of, and its place."""

    rule: str
    message: str
    where: Location
    hint: str | None = None


def lint(files: Sequence[Migration]) -> list[Finding]:
    """Check every file of one database, applied or not."""
    return [*_cycles(files), *(finding for migration in files for finding in _check(migration))]


def _cycles(files: Sequence[Migration]) -> Iterator[Finding]:
    try:
        in_order(files)
    except FileError as error:
        yield _refused(error, files[0].apply)


def _check(migration: Migration) -> Iterator[Finding]:
    if migration.kind is Kind.PYTHON:
        return
    yield from _check_script(migration.apply)
    if migration.rollback is not None:
        yield from _check_script(migration.rollback)
    elif migration.irreversible is None and migration.kind is not Kind.HOOK:
        yield Finding(
            rule="rollback-missing",
            message=f"{migration.id} cannot be undone",
            where=Location(migration.apply.label),
            hint=f"Write {migration.id}.rollback.sql; or, if there is no way back, -- irreversible: reason in the file.",
        )


def _check_script(script: Script) -> Iterator[Finding]:
    try:
        count = check_script(script)
    except FileError as error:
        yield _refused(error, script)
        return
    if count == 0:
        yield Finding(
            rule="empty",
            message="the file holds no statement",
            where=Location(script.label),
            hint="Write it, or remove it.",
        )


def _refused(error: FileError, script: Script) -> Finding:
    return Finding(
        rule="refused", message=error.message, where=error.where or Location(script.label), hint=error.hint
    )
