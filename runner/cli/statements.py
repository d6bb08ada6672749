"""`runner statements`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, read_settings, target_options


@click.command(cls=GroupedCommand)
@target_options
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write them to this file; names that you gave in it are kept.  [default: print them]",
)
@click.pass_obj
def statements_command(context: Context, /, *, output: Path | None, **flags: Any) -> None:
    """Write the application's statements to a file.

    Reads pg_stat_statements of the target, and changes nothing there. runner verify plans the statements of
    sql/statements/ before and after each migration, and finds those that fail.

    \b
    runner statements -d carthub -o sql/statements/carthub.sql
    """
    from runner.commands.statements import as_json, collect, text

    settings = read_settings(context, **flags)
    result = collect(settings, output=None if output is None else output.absolute(), emit=context.emit)
    context.show(text(result, context.style(sys.stdout)), lambda: as_json(result))
