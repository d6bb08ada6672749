"""A verification as one page for the person who has to approve the change."""

from runner.report.verification.html.report import as_html

__all__ = ["as_html"]
