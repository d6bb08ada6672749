"""What several parts of the page have: anchors, coloured tags, a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from runner.files.sqltext.lock_modes import LockMode
from runner.report.page import code, diff, tag
from runner.report.verification.words import hint_parts, place
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


def finding_block(finding: Finding, result: Verification, number: int) -> Iterator[str]:
    """Yield it whole."""
    level = finding.level.value
    yield f'<div class="finding {level}">'
    yield f'<p class="message"><span class="tag {level}">{level}</span>{escape(finding.message)}</p>'
    yield f'<p class="soft">{linked(finding, result, number)} · rule {code(finding.rule)}</p>'
    if finding.effect:
        yield f"<p>{escape(finding.effect)}</p>"
    if finding.hint:
        sentence, text, language = hint_parts(finding.hint)
        yield f"<p><strong>Safer:</strong> {escape(sentence)}</p>"
        if text:
            yield (
                diff(text)
                if language == "diff"
                else f'<pre tabindex="0" aria-label="safer form">{escape(text)}</pre>'
            )
    yield "</div>"


def finding_note(finding: Finding) -> Iterator[str]:
    """Yield what stands below the line itself: the rest is said above, in the list."""
    level = finding.level.value
    yield (
        f'<div class="finding {level}"><p class="message"><span class="tag {level}">{level}</span>'
        f'{escape(finding.message)}</p><p class="soft">{code(finding.rule)}</p></div>'
    )
