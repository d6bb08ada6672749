"""Sessions: one place that connects, with time limits, fresh credentials, and an answer for every refusal."""

from __future__ import annotations

from runner.connection.child import exec_environment, run_command
from runner.connection.session import connect
from runner.connection.whereabouts import locate

__all__ = ["connect", "exec_environment", "locate", "run_command"]
