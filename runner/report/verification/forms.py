"""A verification in each of its forms; what one form needs is loaded with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from runner.report.findings.github import as_github
from runner.report.findings.junit import as_junit
from runner.report.findings.sarif import as_sarif
from runner.report.terminal import Style
from runner.report.verification.document import document
from runner.report.verification.html import as_html
from runner.report.verification.markdown import as_markdown
from runner.report.verification.text import lines
from runner.review.lint import RULES
from runner.review.verify import Verdict

if TYPE_CHECKING:
    from runner.review.lint import Finding
    from runner.review.verify import Verification

Results = Sequence["Verification"]
_PLAIN = Style()


def rendered(results: Results, form: str, style: Style = _PLAIN) -> str:
    """Return the report as text, markdown, html, json, sarif, junit or github; it ends with a line's end."""
    text = _FORMS[form](results, style)
    return text if text.endswith("\n") or not text else f"{text}\n"


def _text(results: Results, style: Style) -> str:
    return "\n".join(line for result in results for line in lines(result, style))


def _markdown(results: Results, _style: Style) -> str:
    return as_markdown(results)


def _html(results: Results, _style: Style) -> str:
    return as_html(results)


def _json(results: Results, _style: Style) -> str:
    return json.dumps(document(results), ensure_ascii=False, indent=2)


def _sarif(results: Results, _style: Style) -> str:
    return json.dumps(as_sarif(_findings(results), rules=RULES), ensure_ascii=False, indent=2)


def _junit(results: Results, _style: Style) -> str:
    rehearsals = [(result, rehearsal) for result in results for rehearsal in result.rehearsals]
    skipped = [r.path for _, r in rehearsals if r.round_trip.verdict is Verdict.NOT_TRIED]
    passed = [r.path for result, r in rehearsals if r.ok and not result.findings_of(r)]
    return as_junit(_findings(results), name="runner verify", passed=passed, skipped=skipped)


def _github(results: Results, _style: Style) -> str:
    return "\n".join(as_github(_findings(results)))


def _findings(results: Results) -> list[Finding]:
    return [finding for result in results for finding in result.findings]


_FORMS: Mapping[str, Callable[[Results, Style], str]] = {
    "text": _text,
    "markdown": _markdown,
    "html": _html,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
}
