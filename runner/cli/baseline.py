"""`runner baseline`."""

from __future__ import annotations

import sys
from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import (
    Context,
    ignore_option,
    lock_wait_option,
    read_settings,
    scratch_option,
    target_options,
)


@click.command(cls=GroupedCommand)
@target_options
@lock_wait_option
@scratch_option
@ignore_option
@click.option(
    "--to",
    metavar="ID",
    help="The last migration that the database already contains (default: found by comparing).",
)
@click.option("--accept-differences", is_flag=True, help="Record the migrations although the schema differs.")
@click.pass_obj
def baseline_command(
    context: Context,
    /,
    *,
    to: str | None,
    accept_differences: bool,
    lock_wait: float,
    scratch_url: str | None,
    **flags: Any,
) -> None:
    """Adopt a live database: record migrations, run none. Changes only history.

    The schema that the files give is built in a scratch database and compared first.

    \b
    runner baseline -d carthub            find the migration at which the two agree
    runner baseline -d carthub --to 0004  give that migration yourself
    """
    from runner.commands.baseline import as_json, baseline, text

    result = baseline(
        read_settings(context, **flags),
        to=to,
        accept=accept_differences,
        scratch_url=scratch_url,
        lock_wait_s=lock_wait,
        emit=context.emit,
    )
    context.show(text(result, context.style(sys.stdout)), lambda: as_json(result))
