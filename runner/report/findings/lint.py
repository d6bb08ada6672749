"""What `runner lint` found, in each of its forms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from runner.wording import counted

if TYPE_CHECKING:
    from runner.commands.lint import Linted
    from runner.report.terminal import Style
    from runner.review.lint import Finding

_COLOURS = {"error": "red", "warning": "yellow"}


def lines(results: Sequence[Linted], form: str, style: Style) -> Iterator[str]:
    """Yield the lines of a form: text, json, github, sarif or junit."""
    found = [finding for result in results for finding in result.findings]
    if form == "json":
        yield json.dumps(document(results), ensure_ascii=False, indent=2)
    elif form == "github":
        from runner.report.findings.github import as_github

        yield from as_github(found)
    elif form == "sarif":
        from runner.report.findings.sarif import as_sarif
        from runner.review.lint import RULES

        yield json.dumps(as_sarif(found, rules=RULES), ensure_ascii=False, indent=2)
    elif form == "junit":
        from runner.report.findings.junit import as_junit

        yield as_junit(found, name="runner lint")
    else:
        for result in results:
            yield from _text(result, style)


def document(results: Sequence[Linted]) -> dict[str, Any]:
    """Return what is wrong with the files: a contract, as those of `runner.report.contract`."""
    return {
        "databases": [
            {
                "database": result.database,
                "files": result.files,
                "findings": [finding_as_json(finding) for finding in result.findings],
                "folded": result.folded,
                "settled": result.settled,
                "default_branch": result.branch,
            }
            for result in results
        ]
    }


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as the contract has it."""
    return {
        "rule": finding.rule,
        "level": finding.level.value,
        "message": finding.message,
        "path": str(finding.where.path),
        "line": finding.where.line,
        "column": finding.where.column,
        "effect": finding.effect,
        "hint": finding.hint,
    }


def _text(result: Linted, style: Style) -> Iterator[str]:
    explained = set()
    for finding in result.findings:
        level = style(finding.level.value, _COLOURS[finding.level.value])
        place, rule = style(str(finding.where), "bold"), style(f"[{finding.rule}]", "dim")
        yield f"{place}: {level}: {finding.message} {rule}"
        for word, text in (("effect:", finding.effect), ("hint:", finding.hint)):
            if text and text not in explained:  # once, however often the rule is broken
                yield f"  {style(word, 'cyan')} {text}"
                explained.add(text)
    warnings = len(result.findings) - result.errors
    counts = [counted(n, noun) for n, noun in ((result.errors, "error"), (warnings, "warning")) if n]
    said = f"{result.database}: {counted(result.files, 'file')}, {', '.join(counts) or 'no findings'}"
    yield style(said, "red" if result.errors else "yellow" if warnings else "green")
    if result.folded:
        yield f"  told with these: {counted(result.folded, 'finding')} of the same rules; --all shows each"
    if result.settled:
        yield f"  not shown: {counted(result.settled, 'finding')} in files that {result.branch} has; --all shows each"
