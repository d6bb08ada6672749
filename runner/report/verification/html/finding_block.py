"""A finding: what, where, what happens then, what to write instead."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from runner.report.page import code, diff
from runner.report.verification.html.anchors import linked
from runner.report.verification.words import hint_parts

if TYPE_CHECKING:
    from runner.review.lint import Finding
    from runner.review.verify import Verification


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
