"""Compare a database's catalog with the committed snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from runner.errors import CheckError, FileError, Location
from runner.events import Compared
from runner.schema.catalog.differences import compare_text, unified_diff
from runner.schema.catalog.read import read as read_catalog
from runner.schema.catalog.render import render as render_catalog
from runner.schema.validate.origin import not_in_snapshot, origins
from runner.schema.validate.tolerance import Judge
from runner.wording import counted, listed

if TYPE_CHECKING:
    from runner.files.migrations.migration import Migration
    from runner.schema.catalog.objects import Catalog, Difference

_SHOWN = 8  # differences named in an error; the diff holds them all


class Cause(StrEnum):
    """Which of the two is not what the files give."""

    SNAPSHOT = "snapshot"
    DATABASE = "database"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Which differences count."""

    ignore: tuple[str, ...] = ()  # patterns of what may differ: "index:*tmp_*", "table:audit.*"
    grants: bool = False  # whether rights beyond the snapshot's count too
    owners: bool = False  # whether an owner other than the snapshot's counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The outcome of one comparison."""

    snapshot: str  # the snapshot's path as people see it
    applied: int | None = None  # of a database with pending files: so many files were compared instead
    pending: int = 0
    skipped: str | None = None  # why nothing was compared
    differences: Sequence[Difference] = ()
    origins: Sequence[
        str | None
    ] = ()  # of each difference the newest file with its names; None: there is none
    behind: Sequence[str] = ()  # files of this run that name all that differs: the snapshot is older
    cause: Cause | None = None  # None: nothing differs, or the files were not built to find out
    unseen: Sequence[str] = ()  # objects of kinds that a snapshot does not describe
    beside: Sequence[str] = ()  # extensions that the snapshot does not know; servers come with their own
    set_aside: Sequence[
        str
    ] = ()  # differences that do not count: ignored, rights beyond the snapshot's, the order of columns
    diff: str = ""  # unified, in SQL: "-" the snapshot, "+" the database

    @property
    def against(self) -> str:
        """What the database was compared with, in words."""
        return self.snapshot if self.applied is None else f"the {counted(self.applied, 'applied migration')}"

    @property
    def matches(self) -> bool:
        """Whether the database was compared and matches the snapshot."""
        return self.skipped is None and not self.differences and not self.diff

    def require_match(self, state: str) -> None:
        """Refuse a difference; `state` is what was kept or undone.

        Raises: CheckError.
        """
        if not self.matches and self.skipped is None:
            raise mismatch(self, state=state)

    @property
    def in_short(self) -> Compared:
        """The numbers and names of it."""
        return Compared(
            against=self.against,
            skipped=self.skipped,
            pending=self.pending,
            matches=self.matches,
            differences=len(self.differences),
            unseen=tuple(self.unseen),
            beside=tuple(self.beside),
            set_aside=tuple(self.set_aside),
        )


_STRICTLY = Tolerance()


def validate(
    conn: psycopg.Connection[Any],
    snapshot: Path,
    label: str,
    *,
    exclude: Sequence[str] = (),
    name: str = "the database",
    files: Sequence[Migration] = (),
    recent: Sequence[str] = (),
    tolerance: Tolerance = _STRICTLY,
) -> Validation:
    """Compare the database's catalog with a snapshot; reads only.

    `files` show which migration last names what differs, `recent` are those that this run applied.

    Raises: FileError when the snapshot cannot be read.
    """
    try:
        expected = _without_checkout_line_ends(snapshot.read_bytes().decode())
    except FileNotFoundError:
        return Validation(snapshot=label, skipped=f"there is no {label}; write it with: runner snapshot")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            f"cannot read the snapshot: {error}",
            where=Location(label),
            hint="Write it again with: runner snapshot",
        ) from error

    found = read_catalog(conn, exclude=exclude, other_owners=True)
    actual = render_catalog(found)
    unseen = found.unsupported
    if actual == expected:
        return Validation(snapshot=label, unseen=unseen)
    result = _validation(expected, found, Validation(snapshot=label), name, files, tolerance)
    return replace(result, behind=not_in_snapshot(result.origins, recent))


def validate_applied(
    conn: psycopg.Connection[Any],
    expected: Catalog,
    label: str,
    *,
    pending: int,
    exclude: Sequence[str] = (),
    name: str = "the database",
    files: Sequence[Migration] = (),
    tolerance: Tolerance = _STRICTLY,
) -> Validation:
    """Compare the database's catalog with what its applied `files` give, which the snapshot is ahead of; reads only."""
    found = read_catalog(conn, exclude=exclude, other_owners=True)
    outcome = Validation(snapshot=label, applied=len(files), pending=pending)
    return _validation(render_catalog(expected), found, outcome, name, files, tolerance)


def _validation(
    expected: str,
    found: Catalog,
    outcome: Validation,
    name: str,
    files: Sequence[Migration],
    tolerance: Tolerance,
) -> Validation:

    everything = compare_text(expected, found)
    differences = [d for d in everything if tolerance.owners or d.kind != "owner"]
    judge = Judge(tolerance)
    beside = [d.identity for d in differences if judge.is_extension_beside(d)]
    set_aside = [d for d in differences if d.is_note or judge.is_set_aside(d)]
    line_ends = [d for d in differences if d not in set_aside and _differs_in_line_ends(d)]
    counting = [d for d in differences if d.identity not in beside and d not in (*set_aside, *line_ends)]
    if everything and not counting:
        diff = ""
    elif len(counting) + len(beside) == len(everything):
        diff = unified_diff(expected, render_catalog(found), outcome.against, name)
    else:
        diff = "".join(
            unified_diff(d.expected_sql or "", d.actual_sql or "", outcome.against, name) for d in counting
        )
    return replace(
        outcome,
        unseen=found.unsupported,
        beside=beside,
        set_aside=[*map(str, set_aside), *(f"{d}, in line endings only" for d in line_ends)],
        differences=counting,
        origins=origins(counting, files),
        diff=diff,
    )


def _without_checkout_line_ends(text: str) -> str:
    """Return the text with LF where a checkout wrote every line with CRLF; a single CRLF is a function body's own."""
    return text.replace("\r\n", "\n") if text.count("\r\n") == text.count("\n") else text


def _differs_in_line_ends(difference: Difference) -> bool:
    """Return whether the difference comes from a file applied from a checkout with CRLF."""
    expected, actual = difference.expected_sql, difference.actual_sql
    if expected is None or actual is None:
        return False
    return expected.replace("\r\n", "\n") == actual.replace("\r\n", "\n")


def found_cause(
    conn: psycopg.Connection[Any],
    snapshot: Path,
    expected: Catalog,
    *,
    exclude: Sequence[str] = (),
    tolerance: Tolerance = _STRICTLY,
) -> Cause:
    """Return which of database and snapshot is not `expected`, what the files give in an empty database; reads only."""
    committed = _without_checkout_line_ends(snapshot.read_bytes().decode())
    nothing_yet = Validation(snapshot=snapshot.name)
    if _validation(committed, expected, nothing_yet, "", (), tolerance).matches:
        return Cause.DATABASE
    database = validate_applied(
        conn, expected, snapshot.name, pending=0, exclude=exclude, tolerance=tolerance
    )
    return Cause.SNAPSHOT if database.matches else Cause.BOTH


def mismatch(validation: Validation, *, state: str) -> CheckError:
    """Return the error with the differences; `state` is what was kept or undone."""
    shown = described(validation)[:_SHOWN]
    rest = len(validation.differences) - len(shown)
    if rest:
        shown.append(f"… and {counted(rest, 'other')}")
    if validation.behind:
        message = older(validation)
    elif validation.applied is not None:
        message = (
            f"the database is not what {validation.against} {'gives' if validation.applied == 1 else 'give'}"
        )
    else:
        message = f"the database differs from {validation.snapshot}"
    return CheckError(
        message, detail="\n".join((state, *shown, "", validation.diff.rstrip())), hint=way_out(validation)
    )


_CHANGED = (
    "omething other than the migrations changed the database: undo that change, or put it in a new migration, which "
    "runner draft NAME --like URL writes."
)


def way_out(validation: Validation) -> str:
    """Return what to do about the differences."""
    if validation.behind:
        return (
            "Write the snapshot, and commit it with the migration: runner snapshot. If that changes nothing, "
            "the migration makes other objects here than in an empty database, because it depends on rows: name these in --ignore."
        )
    if validation.applied is not None:
        return f"S{_CHANGED}"
    match validation.cause:
        case Cause.SNAPSHOT:
            return "The database is what the files give, and the snapshot is not: write it again, and commit it: runner snapshot"
        case Cause.DATABASE:
            return f"The snapshot is what the files give. S{_CHANGED}"
        case Cause.BOTH:
            return (
                "Neither the snapshot nor the database is what the files give. Write the snapshot: runner snapshot. After that, "
                "runner validate shows what was changed in the database."
            )
        case None:
            return (
                "See whether the snapshot is what the files give: runner snapshot --check. If it is not, write it: runner snapshot. "
                f"If it is, s{_CHANGED}"
            )


def older(validation: Validation) -> str:
    """Return the sentence with the files that the snapshot does not contain."""
    return f"{listed(validation.behind)} {'is' if len(validation.behind) == 1 else 'are'} not in {validation.snapshot} yet"


def described(validation: Validation) -> list[str]:
    """Return a line for each difference, with the newest file that has its names."""
    return [
        f"{difference}  (last named in {origin})" if origin is not None else str(difference)
        for difference, origin in zip(validation.differences, validation.origins, strict=True)
    ]
