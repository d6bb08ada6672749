"""`runner new`."""

from __future__ import annotations

from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, read_settings, target_options


@click.command(cls=GroupedCommand)
@target_options
@click.argument("name")
@click.pass_obj
def new_command(context: Context, /, *, name: str, **flags: Any) -> None:
    """Write a new migration and its rollback. Touches no database.

    \b
    runner new add_orders_note -d carthub
    """
    from runner.commands.new import as_json, new_migration, text

    settings = read_settings(context, **flags)
    pair = new_migration(settings, name)
    context.show([text(pair, settings.project)], lambda: as_json(pair))
