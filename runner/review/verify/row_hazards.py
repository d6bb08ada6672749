"""Turn differences in rows after a rollback into findings, one per loss. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runner.errors import Location
from runner.review.lint import Level
from runner.review.verify.hazards import Hazard, about_rollback
from runner.review.verify.rehearsal import Rehearsal, RowChange
from runner.wording import listed

_KEEP = "Keep the old values in a separate column or table until the release is final, and restore them from there."
_DELETE = "Delete in the rollback exactly the rows that the migration inserts; applied again, it inserts them again."
_REFRESH = "End the rollback with REFRESH MATERIALIZED VIEW."


def row_hazards(rehearsal: Rehearsal) -> Iterator[Hazard]:
    """Yield what a rollback does not restore of rows and of the numbers that sequences give.

    Left out is what the migration itself dropped: that is a finding about the migration.
    """
    found = [change for change in rehearsal.round_trip.changed_rows if not change.is_explained]
    where = Location(rehearsal.rollback_path or rehearsal.path)
    sequences = [change for change in found if change.remedy is not None]
    views = [change for change in found if change.is_view]
    tables = [change for change in found if not change.is_view and change.remedy is None]
    left = [change for change in tables if change.is_more]
    lost = [change for change in tables if not change.is_more]
    if left:
        yield _changed(
            left,
            where,
            "The rollback leaves rows behind: the earlier release finds rows that it did not write.",
            _DELETE,
        )
    if lost:
        yield _changed(lost, where, "A rollback does not bring the data back.", _KEEP)
    if views:
        yield _changed(
            views,
            where,
            "Its readers get the rows of the release that was rolled back, or an error.",
            _REFRESH,
        )
    if sequences:
        columns = listed([change.relation for change in sequences])
        remedies = "\n".join(change.remedy or "" for change in sequences)
        yield about_rollback(
            "sequence-behind",
            f"after its rollback the next number for {columns} is already taken",
            where,
            "The next INSERT collides with that row, or a second row gets its number.",
            f"End the rollback with:\n{remedies}",
        )


def _changed(changes: list[RowChange], where: Location, effect: str, hint: str) -> Hazard:
    text = f"after its rollback {listed([str(change) for change in changes])}"
    return about_rollback("rollback-changes-rows", text, where, effect, hint, level=Level.WARNING)
