"""`runner restore`."""

from __future__ import annotations

import sys
from typing import Any

import click

from runner.cli.asking import require_yes
from runner.cli.group import GroupedCommand
from runner.cli.options import Context, read_settings, target_options
from runner.errors import UsageError


@click.command(cls=GroupedCommand)
@target_options
@click.argument("archive", metavar="FROM")
@click.option(
    "--into",
    required=True,
    metavar="NAME",
    help="The database to create: a new name, an empty one, or one that an earlier run restored from FROM.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Number of parallel pg_restore jobs; the restore is then not one transaction.",
)
@click.option(
    "--validate/--no-validate", default=True, help="Compare catalog and history with what was dumped."
)
@click.option(
    "--switch",
    is_flag=True,
    help="Then rename it to the live database's name; the old one is kept under a dated name.",
)
@click.option("--end-sessions", is_flag=True, help="End the sessions that prevent the switch.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before the switch.")
@click.pass_obj
def restore_command(
    context: Context,
    /,
    *,
    archive: str,
    into: str,
    jobs: int,
    validate: bool,
    switch: bool,
    end_sessions: bool,
    yes: bool,
    **flags: Any,
) -> None:
    """Restore a backup into a new database, and compare the two. Overwrites nothing.

    FROM is an archive, or a folder or prefix of backups, of which the newest is taken.

    \b
    runner restore /backups -d carthub --into carthub_restored
    runner restore s3://bucket/nightly -d carthub --into carthub_restored --switch
    """
    from runner.commands.restore import RestoreOptions, as_json, as_notice, restore, text

    if switch and not validate:
        raise click.UsageError("--switch needs the comparison: omit --no-validate.")
    can_ask = not context.json and sys.stdin.isatty()
    if switch and not yes and not can_ask:
        raise UsageError(
            "--switch needs a confirmation, and there is no terminal",
            detail="Nothing was restored.",
            hint="Say --yes.",
        )

    def confirm(question: str) -> None:
        if not yes:
            require_yes(question, otherwise=f"{into} is restored and kept; neither database was renamed.")

    result = restore(
        read_settings(context, **flags),
        RestoreOptions(
            archive=archive,
            into=into,
            jobs=jobs,
            validate=validate,
            switch=switch,
            end_sessions=end_sessions,
        ),
        confirm=confirm,
        emit=context.emit,
    )
    style = context.style(sys.stdout)
    if context.logs_json:
        context.emit(as_notice(result))
    lines = () if context.logs_json else text(result, style)
    context.show(lines, lambda: as_json(result))
