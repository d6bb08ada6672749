"""What is imported before anything is done: each module costs every start."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

_REPORT = """
import sys
installed = set(sys.modules)
from runner.cli import main
sys.argv = ["runner", *sys.argv[1:]]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print("\\n".join(set(sys.modules) - installed), file=sys.stderr)
"""


def modules_after(*arguments: str, **options) -> set[str]:
    """Run a command and return the modules that it loaded, without those of the interpreter and the test's venv."""
    done = subprocess.run(
        [sys.executable, "-c", _REPORT, *arguments], capture_output=True, text=True, check=True, **options
    )
    return set(done.stderr.split())


def foreign(modules: set[str]) -> set[str]:
    """Return the packages among them that are neither Python's nor ours."""
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - {"runner"}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_click_and_nothing_else(option):
    assert foreign(modules_after(option)) == {"click"}


def test_version_loads_no_command():
    ours = {name for name in modules_after("--version") if name.startswith("runner.")}
    assert {name for name in ours if name.startswith(("runner.cli.", "runner.commands"))} == {
        "runner.cli.group",
        "runner.cli.options",
        "runner.cli.termination",
    }
    assert len(ours) < 20


@pytest.mark.parametrize(
    "command", ["migrate", "status", "rollback", "lint", "plan", "backup", "restore", "maintenance"]
)
def test_the_help_of_a_command_loads_no_driver(command):
    assert foreign(modules_after(command, "--help")) == {"click"}
