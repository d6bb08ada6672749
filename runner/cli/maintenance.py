"""`runner maintenance`."""

from __future__ import annotations

from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, limits, read_settings, target_options


@click.command(cls=GroupedCommand)
@target_options
@limits(statement="30min")
@click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")
@click.option(
    "--bloat-percent",
    type=click.IntRange(1, 99),
    default=50,
    show_default=True,
    envvar="RUNNER_BLOAT_PERCENT",
    help="Rebuild indexes estimated to be at least this empty.",
)
@click.option(
    "--bloat-megabytes",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    envvar="RUNNER_BLOAT_MEGABYTES",
    help="Skip indexes smaller than this.",
)
@click.pass_obj
def maintenance_command(
    context: Context, /, *, dry_run: bool, bloat_percent: int, bloat_megabytes: int, **flags: Any
) -> None:
    """Clean up, vacuum, analyze and rebuild indexes where needed.

    \b
    Changes no schema. Never runs during a migration (exit code 4), and gives way to one that starts.
    runner maintenance --dry-run
    runner maintenance -d api_server
    """
    from runner.commands.maintenance import MaintenanceOptions, as_json, done_before, maintain

    context.done_before = done_before
    results = maintain(
        read_settings(context, **flags),
        MaintenanceOptions(
            dry_run=dry_run,
            bloat_percent=bloat_percent,
            bloat_bytes=bloat_megabytes << 20,
        ),
        context.emit,
    )
    context.show((), lambda: as_json(results, dry_run=dry_run))
