"""Findings in each form, as whole outputs and by the rules of each format."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from runner.commands.lint import Linted, lines
from runner.errors import Location
from runner.report.findings.github import as_github
from runner.report.findings.junit import as_junit
from runner.report.findings.sarif import as_sarif
from runner.report.terminal import Style
from runner.review.lint import RULES, Finding, Level
from tests.unit.review.lint.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden_files"
FORMS = {
    "text": "lint.txt",
    "json": "lint.json",
    "github": "lint.github",
    "sarif": "lint.sarif",
    "junit": "lint.xml",
}
ODD = Finding(
    rule="own-rule",
    level=Level.WARNING,
    message="100% of it: a,b\nand ü <&> \x0b",
    where=Location("migrations/my shop/0007 a,b.sql", 3, 5, "\tSELECT '<ü>';"),
)


@pytest.fixture
def results(found) -> list[Linted]:
    """An error, warnings, an odd one; and a database without findings."""
    findings = found("CREATE INDEX i ON t (a);\n\nDROP INDEX app.k;")
    return [
        Linted(database="shop", files=1, findings=(*findings, ODD)),
        Linted(database="carthub", files=6, findings=()),
    ]


@pytest.mark.parametrize("form", FORMS)
def test_the_whole_output_is_the_reviewed_one(form, results):
    assert_golden(GOLDEN / FORMS[form], "\n".join(lines(results, form, Style())) + "\n")


def test_as_text_a_rule_is_explained_at_its_first_finding(found):
    findings = found("TRUNCATE app.a;\nTRUNCATE app.b;")
    said = list(lines([Linted(database="shop", files=1, findings=tuple(findings))], "text", Style()))
    assert [line.split()[0] for line in said] == [
        "migrations/0006_change.sql:2:1:", "effect:", "hint:", "migrations/0006_change.sql:3:1:",
        "migrations/0006_change.sql:3:1:", "effect:", "hint:", "shop:",
    ]  # fmt: skip


def test_a_github_annotation_keeps_its_properties_apart_and_is_one_line():
    (line,) = as_github([ODD])
    assert "\n" not in line
    head, _, message = line.removeprefix("::warning ").partition("::")
    properties = dict(part.split("=", 1) for part in head.split(","))
    assert properties == {
        "file": "migrations/my shop/0007 a%2Cb.sql", "line": "3", "col": "5", "title": "own-rule",
    }  # fmt: skip
    assert message == "100%25 of it: a,b%0Aand ü <&> \x0b"


def test_junit_is_xml_whatever_the_message_holds_and_counts_its_cases(results):
    findings = [finding for result in results for finding in result.findings]
    root = ET.fromstring(as_junit(findings, name="runner lint"))
    (suite,) = root
    assert suite.get("tests") == str(len(suite.findall("testcase"))) == "4"
    assert suite.get("failures") == str(len(suite.findall("testcase/failure"))) == "1"
    assert len(suite.findall("testcase/system-out")) == 3


def test_junit_without_findings_is_one_case_that_passes():
    ((case,),) = ET.fromstring(as_junit([], name="runner lint"))
    assert (case.tag, len(case)) == ("testcase", 0)


def test_sarif_holds_what_the_specification_and_github_require(results):
    findings = [finding for result in results for finding in result.findings]
    log = as_sarif(findings, rules=RULES)
    assert log["version"] == "2.1.0"  # 3.13.2
    (run,) = log["runs"]
    driver = run["tool"]["driver"]  # 3.14.6, 3.19.2
    assert driver["name"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(set(ids)) == len(ids)
    assert run["columnKind"] == "unicodeCodePoints"  # 3.14.17: else a reader counts UTF-16
    for rule in driver["rules"][:-1]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}  # 3.50.3
    for result in run["results"]:
        assert result["message"]["text"]  # 3.27.11
        assert ids[result["ruleIndex"]] == result["ruleId"]  # 3.27.6
        assert result["level"] in {"warning", "error"}
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert re.fullmatch(
            r"[\w./~%!$&'()*+,;=:@-]+", place["artifactLocation"]["uri"], re.ASCII
        )  # 3.4.3, RFC 3986
        assert place["region"]["startLine"] >= 1  # 3.30.5
    prints = [result["partialFingerprints"]["runner/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_a_fingerprint_follows_a_finding_that_moved_down(found):
    def prints(sql):
        (run,) = as_sarif(found(sql))["runs"]
        return [result["partialFingerprints"] for result in run["results"]]

    assert prints("TRUNCATE app.a;") == prints("SELECT 1;\n\nTRUNCATE app.a;")


def test_json_is_a_contract(results):
    shop, carthub = json.loads("\n".join(lines(results, "json", Style())))["databases"]
    assert (carthub["files"], carthub["findings"]) == (6, [])
    assert set(shop["findings"][0]) == {
        "rule",
        "level",
        "message",
        "path",
        "line",
        "column",
        "effect",
        "hint",
    }
