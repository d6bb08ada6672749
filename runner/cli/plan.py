"""`runner plan`."""

from __future__ import annotations

import sys
from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, ignore_option, read_settings, target_options
from runner.report.per_database import as_object


@click.command(cls=GroupedCommand)
@target_options
@ignore_option
@click.option("--rollback", "back", is_flag=True, help="Show what rollback would run.")
@click.option(
    "--to",
    metavar="ID",
    help="Stop after this migration; with --rollback, keep it and plan what was applied after it.",
)
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Plan at most N migrations.")
@click.option("--all", "everything", is_flag=True, help="With --rollback: plan every migration.")
@click.option("--allow-out-of-order", is_flag=True, help="Also plan files below the newest applied one.")
@click.pass_obj
def plan_command(
    context: Context,
    /,
    *,
    back: bool,
    to: str | None,
    steps: int | None,
    everything: bool,
    allow_out_of_order: bool,
    **flags: Any,
) -> None:
    """Show the exact SQL that would be run, in order. Changes nothing.

    \b
    runner plan -d carthub             what migrate would run
    runner plan -d carthub --rollback  what rollback would run
    """
    from runner.commands.plan import as_json, plans, text

    results = plans(
        read_settings(context, **flags),
        back=back,
        to=to,
        steps=steps,
        everything=everything,
        allow_out_of_order=allow_out_of_order,
        emit=context.emit,
    )
    style = context.style(sys.stdout)
    context.show((line for r in results for line in text(r, style)), lambda: as_object(results, as_json))
