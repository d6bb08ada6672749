"""Connect with time limits and current credentials, and explain every refusal."""

from __future__ import annotations

from runner.server.connection.child import child_environment, exec_environment, find_program, run_command
from runner.server.connection.connect import connect
from runner.server.connection.locate import locate

__all__ = [
    "child_environment",
    "connect",
    "exec_environment",
    "find_program",
    "locate",
    "run_command",
]
