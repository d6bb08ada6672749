"""`runner verify`, its formats and files."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

ORDERS = "CREATE TABLE public.orders (id integer PRIMARY KEY, total integer);\n"
DROP_ORDERS = "DROP TABLE public.orders;\n"
NOT_NULL = "ALTER TABLE public.orders ALTER COLUMN total SET NOT NULL;\n"
NULLABLE = "ALTER TABLE public.orders ALTER COLUMN total DROP NOT NULL;\n"


@pytest.fixture
def run(project):
    """Run it with a finding in the second file."""
    project.write("0001_orders", ORDERS, DROP_ORDERS)
    project.write("0002_total", NOT_NULL, NULLABLE)
    return lambda *args: project.run("verify", "--all", "--scratch-url", project.url, *args)


def test_one_run_writes_as_many_reports_as_are_asked_for(project, run):
    done = run(
        "--report", "html=out/report.html", "--report", "sarif=out/a/findings", "--report", "junit=x.xml"
    )
    assert done.code == 0, done.err
    assert "2 migrations proven up, down and up" in done.out
    assert (project.root / "out/report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    sarif = json.loads((project.root / "out/a/findings").read_text("utf-8"))
    assert [found["ruleId"] for found in sarif["runs"][0]["results"]] == ["set-not-null"]
    root = ET.fromstring((project.root / "x.xml").read_bytes())
    assert (root.attrib["tests"], root.attrib["failures"]) == ("2", "1")


def test_json_is_the_same_by_either_flag(run):
    one, other = run("--json").data, run("--format", "json").data
    steady = re.compile(r'"(duration_ms|begun_at|wal_bytes)": [^,}]*')
    assert steady.sub("", json.dumps(one)) == steady.sub("", json.dumps(other))
    (found,) = one["databases"][0]["findings"]
    assert (found["rule"], found["level"], found["path"], found["line"]) == (
        "set-not-null",
        "error",
        "migrations/0002_total.sql",
        1,
    )


def test_annotations_are_printed_for_github(run):
    (line,) = run("--format", "github").out.splitlines()
    assert line.startswith("::error file=migrations/0002_total.sql,line=1,col=")


def test_findings_are_for_a_person_to_weigh_unless_strict(run):
    assert run().code == 0
    assert run("--strict").code == 3


def test_a_rule_set_aside_with_its_reason_is_not_told(project, run):
    project.write("0002_total", f"-- lint: allow set-not-null -- the table is small\n{NOT_NULL}", NULLABLE)
    assert run("--strict").code == 0


def test_the_projects_levels_hold_for_what_is_measured(project, run):
    project.write("runner.toml", '[lint]\nset-not-null = "off"\n')
    assert run("--strict").code == 0


def test_without_lint_only_what_was_measured_is_told(project, run):
    project.write("0003_rights", "GRANT SELECT ON public.orders TO PUBLIC;\n", "SELECT 1;\n")
    read = {found["rule"] for found in run("--json").data["databases"][0]["findings"]}
    measured = {found["rule"] for found in run("--json", "--no-lint").data["databases"][0]["findings"]}
    assert "grant-to-public" in read - measured
    assert "set-not-null" in measured


@pytest.mark.parametrize("report", ["report.html", "pdf=x.pdf", "html="])
def test_a_report_that_is_no_format_and_file_is_refused(run, report):
    done = run("--report", report)
    assert done.code == 2
    assert "is not FORMAT=FILE; the formats are text, markdown, html" in done.err


def test_a_migration_that_the_server_refuses_is_in_every_format(project, run):
    project.write("0003_wrong", "ALTER TABLE public.nowhere ADD COLUMN a int;\n", "SELECT 1;\n")
    project.write("0004_after", "SELECT 1;\n", "SELECT 1;\n")
    refusal = 'relation "public.nowhere" does not exist'
    for form in ("text", "markdown", "html", "json", "sarif", "junit", "github"):
        done = run("--format", form)
        assert done.code == 3
        said = done.out.replace("&quot;", '"').replace('\\"', '"')
        if form == "text":  # told once, with its line and place
            assert said.count(refusal) == 1
            assert "the server refused it" in said
        else:
            assert f"the server refuses the migration: {refusal}" in said, form
    root = ET.fromstring(run("--format", "junit").out)
    assert len(list(root.iter("skipped"))) == 1
