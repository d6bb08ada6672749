"""Findings as text and JSON, and in the forms that other programs read: SARIF, JUnit, GitHub's annotations."""

from runner.report.findings.lint import finding_as_json, lines

__all__ = ["finding_as_json", "lines"]
