"""`runner lint`."""

from __future__ import annotations

import sys
from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, read_settings, target_options


@click.command(cls=GroupedCommand)
@target_options
@click.option("--base", metavar="REVISION", help="Check only files changed since this branch left REVISION.")
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Show each finding, including those in files of the default branch.",
)
@click.option("--strict", is_flag=True, help="Exit with 3 for warnings too.")
@click.option("--squawk/--no-squawk", default=None, help="Run squawk too.  [default: if it is installed]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif", "junit"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@click.pass_obj
def lint_command(
    context: Context,
    /,
    *,
    base: str | None,
    every: bool,
    strict: bool,
    squawk: bool | None,
    form: str,
    **flags: Any,
) -> None:
    """Check the files without a database. Changes nothing; exits with 3 if it finds errors.

    In a git repository, findings in files of the default branch are counted but not shown: such a file may be
    applied somewhere, and an applied file is never edited.

    \b
    runner lint                       before every commit
    runner lint --all                 the whole history, each finding
    runner lint --base origin/main    what a branch changes
    runner lint --format sarif        for a code host
    """
    from runner.commands.lint import findings, lines

    context.json = context.json or form == "json"
    settings = read_settings(context, **flags)
    results = findings(
        settings,
        base=base,
        squawk=squawk,
        levels=context.tables.get("lint"),
        every=every,
        emit=context.emit,
    )
    for line in lines(results, "json" if context.json else form, context.style(sys.stdout)):
        context.echo(line)
    if any(result.errors or (strict and result.findings) for result in results):
        raise click.exceptions.Exit(3)
