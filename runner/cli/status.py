"""`runner status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, ignore_option, read_settings, target_options

if TYPE_CHECKING:
    from runner.settings import Settings


@click.command(cls=GroupedCommand)
@target_options
@ignore_option
@click.option("--check", is_flag=True, help="Exit with 3 unless everything is applied and unedited.")
@click.option(
    "--history", is_flag=True, help="Show the audit trail: who did what, when, from where; newest first."
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="N",
    help="With --history: show at most N entries.",
)
@click.option("--sql", "with_sql", is_flag=True, help="With --history: show the SQL that was run.")
@click.pass_obj
def status_command(
    context: Context, /, *, check: bool, history: bool, limit: int, with_sql: bool, **flags: Any
) -> None:
    """Show what is applied, pending, edited or missing. Changes nothing.

    \b
    runner status --check            for a pipeline: exit code 3 if something is pending or wrong
    runner status --history --sql    who changed what, when, and with which SQL
    """
    if history:
        _show_history(context, read_settings(context, **flags), limit=limit, with_sql=with_sql)
        return
    from runner.commands.status import as_json, status, text

    results = status(read_settings(context, **flags), emit=context.emit)
    context.show_each(results, text, as_json)
    if check and not all(result.value.is_current for result in results):
        raise click.exceptions.Exit(3)


def _show_history(context: Context, settings: Settings, *, limit: int, with_sql: bool) -> None:
    from runner.commands.history import as_json, text, trails

    results = trails(settings, limit=limit, with_sql=with_sql or context.json, emit=context.emit)
    context.show_each(results, text, as_json)
