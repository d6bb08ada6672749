"""`runner doctor`."""

from __future__ import annotations

import sys
from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, ignore_option, read_settings, target_options


@click.command(cls=GroupedCommand)
@target_options
@ignore_option
@click.pass_obj
def doctor_command(context: Context, /, **flags: Any) -> None:
    """Examine connection, role, server, sessions and leftovers. Changes nothing.

    Each finding comes with its remedy. Exits with 3 if one of them would stop a migration.

    \b
    runner doctor -d carthub
    """
    from runner.commands.doctor import examinations
    from runner.report import contract, people
    from runner.upkeep.doctor import Level

    results = examinations(read_settings(context, **flags), say=context.tell)
    style = context.style(sys.stdout)
    context.show(
        (line for r in results for line in people.examined(r, style)), lambda: contract.examined(results)
    )
    if any(finding.level is Level.PROBLEM for result in results for finding in result.findings):
        raise click.exceptions.Exit(3)
