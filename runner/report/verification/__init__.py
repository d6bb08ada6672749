"""What was rehearsed, in each form that somebody reads."""

from runner.report.verification.forms import rendered

__all__ = ["rendered"]
