"""`runner backup`, `runner restore` and `runner maintenance`: what keeps a database for years."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, backup_options, lock_wait_option, read_settings, target_options

if TYPE_CHECKING:
    from runner.commands.backup import BackedUp


@click.command(cls=GroupedCommand)
@target_options
@lock_wait_option
@backup_options("--to", required=True)
@click.option(
    "--schema-only", is_flag=True, help="Dump no data. Such backups expire separately from the others."
)
@click.option(
    "--keep-days",
    multiple=True,
    envvar="RUNNER_KEEP_DAYS",
    metavar="[DATABASE=]N",
    help="Days to keep older backups; 0 keeps all; for one database carthub=7; may be repeated.  [default: 30]",
)
@click.pass_obj
def backup_command(
    context: Context,
    /,
    *,
    backup_to: str,
    schema_only: bool,
    keep_days: tuple[str, ...],
    kms_key: str | None,
    lock_wait: float,
    **flags: Any,
) -> None:
    """Back up databases, and check that each archive can be read. Changes nothing in them.

    \b
    runner backup --to /backups                     every database of the project
    runner backup --to s3://bucket/nightly -d carthub --keep-days 7
    """
    from runner.commands.backup import BackupOptions, backups
    from runner.report import keeping

    style = context.style(sys.stdout)

    def made(result: BackedUp) -> None:
        context.partial.setdefault("databases", []).append(keeping.backup_as_json(result))
        if context.logs_json:
            context.tell(keeping.backup_event(result))
        elif not context.json:
            context.show(keeping.backed_up(result, style), dict)

    results = backups(
        read_settings(context, **flags),
        BackupOptions(
            to=backup_to,
            schema_only=schema_only,
            keep_days=keep_days,
            kms_key=kms_key,
            lock_wait_s=lock_wait,
        ),
        made=made,
        say=context.tell,
        waits=context.tell_wait,
    )
    context.show((), lambda: keeping.backups_as_json(results))
