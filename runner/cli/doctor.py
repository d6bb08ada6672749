"""`runner doctor`."""

from __future__ import annotations

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
    from runner.commands.doctor import as_json, examinations, is_stopped, text

    results = examinations(read_settings(context, **flags), emit=context.emit)
    context.show_each(results, text, as_json)
    if is_stopped(results):
        raise click.exceptions.Exit(3)
