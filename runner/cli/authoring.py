"""`runner new` and `runner snapshot`: they write files of the project."""

from __future__ import annotations

import sys
from typing import Any

import click

from runner.cli.options import Context, read_settings, scratch_option, target_options


@click.command()
@target_options
@click.argument("name")
@click.pass_obj
def new_command(context: Context, /, *, name: str, **flags: Any) -> None:
    """Write a new migration and its rollback. Touches no database.

    \b
    runner new add_orders_note -d carthub
    """
    from runner.fleet.author import new_migration
    from runner.report import contract, people

    settings = read_settings(context, **flags)
    pair = new_migration(settings, name)
    context.show([people.new_pair(pair, settings.project)], lambda: contract.new_pair(pair))


@click.command()
@target_options
@scratch_option
@click.option(
    "--check", is_flag=True, help="Write nothing; exit with 3 when the committed snapshot is stale."
)
@click.pass_obj
def snapshot_command(context: Context, /, *, check: bool, scratch_url: str | None, **flags: Any) -> None:
    """Write the schema that the files add up to, as SQL, to sql/schema/. Uses a scratch database.

    \b
    runner snapshot          after every new migration; review the diff
    runner snapshot --check  in a pipeline
    """
    from runner.fleet.author import snapshots
    from runner.report import contract, people

    results = snapshots(
        read_settings(context, **flags), write=not check, scratch_url=scratch_url, say=context.tell
    )
    style = context.style(sys.stdout)
    context.show(
        (line for r in results for line in people.snapshot(r, style, check=check)),
        lambda: contract.snapshots(results),
    )
    if check and any(result.changed for result in results):
        raise click.exceptions.Exit(3)
