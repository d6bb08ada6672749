"""`runner wait`."""

from __future__ import annotations

import sys
from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, Duration, read_settings, target_options


@click.command(cls=GroupedCommand)
@target_options
@click.option(
    "--for",
    "what",
    type=click.Choice(["reachable", "applied"]),
    default="reachable",
    show_default=True,
    envvar="RUNNER_WAIT_FOR",
    help="Until the server accepts a connection, or every file of this project is applied.",
)
@click.option(
    "--timeout",
    "timeout_ms",
    type=Duration(),
    default="60s",
    show_default=True,
    metavar="DURATION",
    envvar="RUNNER_WAIT_TIMEOUT",
    help="How long to wait; after that the exit code is 4.",
)
@click.pass_obj
def wait_command(context: Context, /, *, what: str, timeout_ms: int, **flags: Any) -> None:
    """Wait for a database: for init containers. Changes nothing.

    \b
    runner wait                             until the server accepts a connection
    runner wait --for applied --timeout 5min  until a migration Job has finished
    """
    from runner.commands.wait import as_json, text, wait_until_applied, wait_until_reachable

    wait = wait_until_applied if what == "applied" else wait_until_reachable
    results = wait(read_settings(context, **flags), timeout_s=timeout_ms / 1000, emit=context.emit)
    style = context.style(sys.stdout)
    context.show((text(r, what, style) for r in results), lambda: as_json(results, what))
