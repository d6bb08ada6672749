"""`runner migrate`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import (
    Context,
    DoneBefore,
    backup_options,
    ignore_option,
    limit_options,
    lock_wait_option,
    read_settings,
    reconnect_wait_option,
    scratch_option,
    target_options,
)
from runner.limits import Waits

metrics_option = click.option(
    "--metrics-file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="RUNNER_METRICS_FILE",
    help="Write metrics of the run to this file, as OpenMetrics.",
)


@click.command(cls=GroupedCommand)
@target_options
@ignore_option
@lock_wait_option
@reconnect_wait_option
@limit_options
@metrics_option
@click.option("--to", metavar="ID", help="Stop after this migration.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Apply at most N migrations.")
@click.option("--dry-run", is_flag=True, help="Show what would be run; change nothing.")
@click.option(
    "--single-transaction", is_flag=True, help="Apply all of a database's files in one transaction, or none."
)
@click.option("--allow-out-of-order", is_flag=True, help="Also apply files below the newest applied one.")
@click.option(
    "--beside-existing",
    is_flag=True,
    envvar="RUNNER_BESIDE_EXISTING",
    help="Migrate a database that has tables but no history; those tables stay as they are.",
)
@click.option(
    "--validate/--no-validate", default=True, help="Compare the schema with the snapshot afterwards."
)
@click.option(
    "--validate-first",
    is_flag=True,
    envvar="RUNNER_VALIDATE_FIRST",
    help="Run nothing if the schema differs from what the applied files give, compared as by validate.",
)
@scratch_option
@click.option(
    "--backup", is_flag=True, envvar="RUNNER_BACKUP", help="Back up each database before migrating it."
)
@backup_options()
@click.pass_obj
def migrate_command(
    context: Context,
    /,
    *,
    to: str | None,
    steps: int | None,
    dry_run: bool,
    single_transaction: bool,
    allow_out_of_order: bool,
    beside_existing: bool,
    validate: bool,
    validate_first: bool,
    scratch_url: str | None,
    lock_wait: float,
    reconnect_wait: float,
    backup: bool,
    backup_to: str | None,
    kms_key: str | None,
    metrics_file: Path | None,
    **flags: Any,
) -> None:
    """Apply what is pending, in order, then validate the schema. Changes the database.

    \b
    runner migrate                       every database of the project
    runner migrate -d carthub --to 0003  one database, up to a migration
    """
    from runner.commands.migrate import MigrateOptions, as_json, done_before, migrate

    settings = read_settings(context, **flags)
    if backup and backup_to is None:
        raise click.UsageError("--backup needs a place: --backup-to or RUNNER_BACKUP_TO.")
    options = MigrateOptions(
        to=to,
        steps=steps,
        dry_run=dry_run,
        single_transaction=single_transaction,
        allow_out_of_order=allow_out_of_order,
        beside_existing=beside_existing,
        validate=validate,
        validate_first=validate_first,
        scratch_url=scratch_url,
        waits=Waits(lock_s=lock_wait, reconnect_s=reconnect_wait),
        backup_to=backup_to if backup else None,
        kms_key=kms_key,
    )
    with following(context, metrics_file, "migrate", done_before):
        outcomes = migrate(settings, options, context.emit)
    context.show((), lambda: as_json(outcomes, dry_run=dry_run))


def following(
    context: Context, metrics_file: Path | None, command: str, done_before: DoneBefore
) -> AbstractContextManager[None]:
    """Keep what an error is to tell of the run, and count for the metrics where somebody wants them."""
    context.done_before = done_before
    if metrics_file is None:
        return nullcontext()
    from runner.progress.metrics import Metrics  # an option

    metrics = Metrics(command)
    context.follow(metrics)
    return metrics.written(metrics_file, context.emit)
