"""Where things are in the page, and the colours of verdicts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.files.sqltext.lock_modes import LockMode
from runner.report.page import code, tag
from runner.report.verification.words import place
from runner.review.verify import Verdict

if TYPE_CHECKING:
    from runner.review.lint import Finding
    from runner.review.verify import Rehearsal, Verification

_UNFIT = re.compile(r"[^\w-]")
_KINDS = {
    Verdict.PROVEN: "good",
    Verdict.ROWS_DIFFER: "warn",
    Verdict.IRREVERSIBLE: "warn",
    Verdict.NOT_TRIED: "plain",
}


def verdict_tag(rehearsal: Rehearsal) -> str:
    """Return the verdict of a round trip, coloured."""
    verdict = rehearsal.round_trip.verdict
    return tag(verdict.value, _KINDS.get(verdict, "bad"))


def mode_tag(mode: LockMode) -> str:
    """Return a lock's mode, coloured by whom it stops."""
    return tag(str(mode), "bad" if mode.stops_reads else "warn" if mode.stops_writes else "plain")


def anchor(number: int, rehearsal: Rehearsal) -> str:
    """Return the id of a migration's part."""
    return f"d{number}-{_UNFIT.sub('_', rehearsal.id)}"


def line_anchor(number: int, rehearsal: Rehearsal, path: str, line: int) -> str:
    """Return the id of a line of one of its files."""
    return f"{anchor(number, rehearsal)}{'-back' if path == rehearsal.rollback_path else ''}-{line}"


def linked(finding: Finding, result: Verification, number: int) -> str:
    """Return file and line, linked with the line where it is shown."""
    path, line = str(finding.where.path), finding.where.line
    for rehearsal in result.rehearsals:
        files = {rehearsal.path: rehearsal.sql, rehearsal.rollback_path: rehearsal.rollback_sql}
        if line is not None and files.get(path) is not None:
            return f'<a href="#{line_anchor(number, rehearsal, path, line)}">{code(place(finding))}</a>'
    return code(place(finding))
