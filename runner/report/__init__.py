"""Every result as text or JSON; errors too."""

from runner.report.failure import error_as_json, error_as_line, error_as_text
from runner.report.terminal import Style

__all__ = ["Style", "error_as_json", "error_as_line", "error_as_text"]
