"""Findings as text and JSON, and in the forms that other programs read: SARIF, JUnit, GitHub's annotations."""

from runner.report.findings.lint import lines

__all__ = ["lines"]
