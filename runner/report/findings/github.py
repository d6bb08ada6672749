"""Findings as GitHub's workflow commands: each becomes an annotation at its line in the pull request.

Source: GitHub Docs, "Workflow commands for GitHub Actions", "Setting an error message".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.review.lint import Finding


def as_github(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield one line for each finding."""
    for finding in findings:
        place = {"file": str(finding.where.path), "line": finding.where.line, "col": finding.where.column}
        properties = {**{k: v for k, v in place.items() if v is not None}, "title": finding.rule}
        said = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
        lines = (finding.message, finding.effect, finding.hint)
        yield f"::{finding.level.value} {said}::{_data(chr(10).join(line for line in lines if line))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
