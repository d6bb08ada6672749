"""`runner snapshot`."""

from __future__ import annotations

import sys
from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, ignore_option, read_settings, scratch_option, target_options
from runner.errors import UsageError


@click.command(cls=GroupedCommand)
@target_options
@scratch_option
@ignore_option
@click.option(
    "--check", is_flag=True, help="Write nothing; exit with 3 if the committed snapshot is out of date."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["sql", "html", "mermaid"]),
    default="sql",
    show_default=True,
    help="Print a picture of the tables, as html or mermaid, and write nothing.",
)
@click.pass_obj
def snapshot_command(
    context: Context, /, *, check: bool, form: str, scratch_url: str | None, **flags: Any
) -> None:
    """Build the files in a scratch database; write their schema.

    \b
    runner snapshot          after every new migration; review the diff
    runner snapshot --check  in a pipeline
    runner snapshot --format html > tables.html
    """
    from runner.commands.snapshot import as_json, as_picture, snapshots, text

    settings = read_settings(context, **flags)
    if form != "sql" and (check or context.json):
        raise UsageError(f"--format {form} excludes --check and --json")
    write = form == "sql" and not check
    results, failures = snapshots(settings, write=write, scratch_url=scratch_url, emit=context.emit)
    style = context.style(sys.stdout)
    if context.json:
        context.done_before = lambda _events: as_json(results) if results else {}
        failures.check()
    if form != "sql":
        if results:
            context.echo(as_picture(results, form))
        failures.check()
        return
    context.show(
        (line for r in results for line in text(r, style, check=check)),
        lambda: as_json(results),
    )
    failures.check()
    if check and any(result.changed for result in results):
        raise click.exceptions.Exit(3)
