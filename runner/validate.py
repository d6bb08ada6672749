"""Whether the database matches the committed snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from runner.errors import CheckError, FileError, Location

if TYPE_CHECKING:
    from runner.catalog import Difference

_SHOWN = 8  # differences named in an error; the diff holds them all


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The outcome of one comparison."""

    snapshot: str  # the snapshot's path as people see it
    skipped: str | None = None  # why nothing was compared
    differences: Sequence[Difference] = ()
    unseen: Sequence[str] = ()  # objects of kinds that a snapshot does not describe
    beside: Sequence[str] = ()  # extensions that the snapshot does not know; servers come with their own
    diff: str = ""  # unified, in SQL: "-" the snapshot, "+" the database

    @property
    def matches(self) -> bool:
        """Whether the database was compared and is as the snapshot says."""
        return self.skipped is None and not self.differences and not self.diff


def validate(
    conn: psycopg.Connection[Any],
    snapshot: Path,
    label: str,
    *,
    exclude: Sequence[str] = (),
    name: str = "the database",
) -> Validation:
    """Compare the database's catalogue with a snapshot; reads only.

    Raises: FileError when the snapshot cannot be read.
    """
    try:
        expected = snapshot.read_bytes().decode()  # as written: CRLF in a function's body is its own
    except FileNotFoundError:
        return Validation(snapshot=label, skipped=f"there is no {label}; write it with: runner snapshot")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            f"cannot read the snapshot: {error}",
            where=Location(label),
            hint="Write it anew with: runner snapshot",
        ) from error
    from runner import catalog

    found = catalog.read(conn, exclude=exclude)
    actual = catalog.render(found)
    unseen = found.unsupported
    if actual in {expected, expected.replace("\r\n", "\n")}:  # the second: a checkout on another system
        return Validation(snapshot=label, unseen=unseen)
    differences = catalog.compare_text(expected, found)
    beside = [d for d in differences if d.kind == "extension" and d.change is catalog.Change.UNEXPECTED]
    if len(beside) == len(differences) > 0:
        return Validation(snapshot=label, beside=[d.identity for d in beside], unseen=unseen)
    return Validation(
        snapshot=label,
        unseen=unseen,
        differences=differences,
        diff=catalog.unified_diff(expected, actual, label, name),
    )


def mismatch(validation: Validation, *, state: str) -> CheckError:
    """Return the error that shows how the database differs; `state` says what was kept or undone."""
    shown = [str(difference) for difference in validation.differences[:_SHOWN]]
    rest = len(validation.differences) - len(shown)
    if rest:
        shown.append(f"… and {rest} more")
    return CheckError(
        f"the database is not as {validation.snapshot} says",
        detail="\n".join((state, *shown, "", validation.diff.rstrip())),
        hint="If the files are right and the snapshot is old, write it with: runner snapshot. "
        "Otherwise something changed the database behind the migrations' back.",
    )
