"""`runner maintenance`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, limits, read_settings, target_options

if TYPE_CHECKING:
    from runner.commands.maintenance import Maintained
    from runner.upkeep.maintenance import Result


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
    from runner.commands.maintenance import Listener, MaintenanceOptions, maintain
    from runner.report import keeping, log, people
    from runner.upkeep.maintenance import Thresholds

    style, as_lines = context.style(sys.stdout), not (context.json or context.logs_json)

    def opened(name: str, place: str) -> None:
        context.partial.setdefault("databases", []).append({"database": name, "tasks": []})
        if context.logs_json:
            context.tell(log.opened(name, place))
        elif as_lines:
            context.echo(people.heading(name, place, style))

    def told(result: Result) -> None:
        database = context.partial["databases"][-1]
        database["tasks"].append(keeping.task_as_json(result))
        if context.logs_json:
            context.tell(keeping.task_event(result, database["database"]))
        elif as_lines:
            context.echo(keeping.maintenance_line(result, style))

    def closed(result: Maintained) -> None:
        if context.logs_json:
            context.tell(keeping.maintained_event(result, dry_run=dry_run))
        elif as_lines:
            context.echo(keeping.maintained(result, style, dry_run=dry_run))

    results = maintain(
        read_settings(context, **flags),
        MaintenanceOptions(
            dry_run=dry_run,
            thresholds=Thresholds(bloat_percent=bloat_percent, bloat_bytes=bloat_megabytes << 20),
        ),
        Listener(opened, told, closed),
        say=context.tell,
    )
    context.show((), lambda: keeping.maintenance_as_json(results, dry_run=dry_run))
