"""Findings as JUnit XML, which CI systems show as tests: an error fails its case, a warning is its output.

Source: the format as Jenkins, GitLab and CodeBuild read it (testsuites, testsuite, testcase, failure, system-out).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from runner.review.lint import Finding

# What XML 1.0 cannot hold, not even escaped. Source: XML 1.0, production [2] Char.
_UNSPEAKABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(
    findings: Sequence[Finding], *, name: str, passed: Sequence[str] = (), skipped: Sequence[str] = ()
) -> str:
    """Return the document: a case for each finding and for each file that `passed` or was `skipped`.

    Without any of these it holds one case, which passes, for an empty suite counts as broken.
    """
    failures = sum(finding.level.value == "error" for finding in findings)
    cases = len(findings) + len(passed) + len(skipped)
    counts = {"tests": str(max(cases, 1)), "failures": str(failures), "errors": "0"}
    root = ET.Element("testsuites", {"name": name, **counts})
    suite = ET.SubElement(root, "testsuite", {"name": name, "skipped": str(len(skipped)), **counts})
    for finding in findings:
        _case(suite, finding)
    for path in (*passed, *skipped):
        case = ET.SubElement(suite, "testcase", {"classname": _clean(path), "name": name})
        if path in skipped:
            ET.SubElement(case, "skipped")
    if not cases:
        ET.SubElement(suite, "testcase", {"classname": name, "name": "no findings"})
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _case(suite: ET.Element, finding: Finding) -> None:
    where = finding.where
    attributes = {"classname": str(where.path), "name": f"{finding.rule} at {where}", "file": str(where.path)}
    if where.line is not None:
        attributes["line"] = str(where.line)
    case = ET.SubElement(suite, "testcase", {key: _clean(value) for key, value in attributes.items()})
    lines = (f"{where}: {finding.message}", where.text, finding.effect, finding.hint)
    said = _clean("\n".join(line for line in lines if line))
    if finding.level.value == "error":
        kind = {"type": finding.rule, "message": _clean(finding.message)}
        ET.SubElement(case, "failure", kind).text = said
    else:
        ET.SubElement(case, "system-out").text = said


def _clean(text: str) -> str:
    return _UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", text)
