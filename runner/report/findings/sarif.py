"""Findings as SARIF 2.1.0, which code hosts show in their security tab and at the lines of a pull request.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub Docs, "SARIF support for
code scanning" (which properties it reads, and that a fingerprint follows a finding whose line has moved).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from runner import __version__

if TYPE_CHECKING:
    from runner.review.lint import Finding, Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(findings: Sequence[Finding], *, rules: Sequence[Rule] = ()) -> dict[str, Any]:
    """Return the log of one run; `rules` are those that findings may name, each is described once."""
    named = dict.fromkeys(finding.rule for finding in findings)
    known = {rule.id: rule for rule in rules}
    described = [_rule(known[id_]) if id_ in known else {"id": id_} for id_ in named]
    driver = {"name": "runner", "semanticVersion": __version__, "rules": described}
    places = {id_: index for index, id_ in enumerate(named)}
    twins: Counter[str] = Counter()
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, places[finding.rule], twins) for finding in findings],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    lines = [rule.condition, rule.effect, rule.safer]
    manual = [f"PostgreSQL manual: {rule.source}"] if rule.source else []
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.name},
        "fullDescription": {"text": rule.condition},
        "help": {
            "text": "\n".join((*lines, *manual)),
            "markdown": "\n\n".join((*lines, f"```sql\n{rule.good.strip()}\n```", *manual)),
        },
        "defaultConfiguration": {"level": _level(rule.level.value)},
    }


def _result(finding: Finding, index: int, twins: Counter[str]) -> dict[str, Any]:
    where = finding.where
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote(str(where.path)), "uriBaseId": "%SRCROOT%"},
    }
    if where.line is not None:
        place["region"] = {"startLine": where.line}
        if where.column is not None:
            place["region"]["startColumn"] = where.column
        if where.text is not None:
            place["region"]["snippet"] = {"text": where.text}
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _level(finding.level.value),
        "message": {
            "text": "\n".join(line for line in (finding.message, finding.effect, finding.hint) if line)
        },
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"runner/v1": _fingerprint(finding, twins)},
    }


def _fingerprint(finding: Finding, twins: Counter[str]) -> str:
    """Return what stays when lines above are added: rule, file, message, and which of several alike it is."""
    alike = "\0".join((finding.rule, str(finding.where.path), finding.message))
    twins[alike] += 1
    return hashlib.sha256(f"{alike}\0{twins[alike]}".encode()).hexdigest()


def _level(level: str) -> str:
    return "none" if level == "off" else level
