"""`runner backup`."""

from __future__ import annotations

from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, backup_options, lock_wait_option, read_settings, target_options


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
    from runner.commands.backup import BackupOptions, as_json, backups, done_before

    context.done_before = done_before
    results = backups(
        read_settings(context, **flags),
        BackupOptions(
            to=backup_to,
            schema_only=schema_only,
            keep_days=keep_days,
            kms_key=kms_key,
            lock_wait_s=lock_wait,
        ),
        context.emit,
    )
    context.show((), lambda: as_json(results))
