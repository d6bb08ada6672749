"""`runner rollback`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from runner.cli.asking import require_yes
from runner.cli.group import GroupedCommand
from runner.cli.migrate import following, metrics_option
from runner.cli.options import (
    Context,
    limit_options,
    lock_wait_option,
    read_settings,
    reconnect_wait_option,
    target_options,
)
from runner.errors import UsageError
from runner.limits import Waits


@click.command(cls=GroupedCommand)
@target_options
@lock_wait_option
@reconnect_wait_option
@limit_options
@metrics_option
@click.option("--to", metavar="ID", help="Roll back what was applied after this migration; it stays.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Roll back N migrations (default: 1).")
@click.option("--all", "everything", is_flag=True, help="Roll back every migration.")
@click.option("--dry-run", is_flag=True, help="Show what would be rolled back; change nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_obj
def rollback_command(
    context: Context,
    /,
    *,
    to: str | None,
    steps: int | None,
    everything: bool,
    dry_run: bool,
    yes: bool,
    lock_wait: float,
    reconnect_wait: float,
    metrics_file: Path | None,
    **flags: Any,
) -> None:
    """Undo the newest migration, or more of them. Changes the database.

    \b
    runner rollback -d carthub            the newest migration
    runner rollback -d carthub --to 0003  down to a migration, which stays
    """
    from runner.commands import migrate, rollback

    if sum(map(bool, (to, steps, everything))) > 1:
        raise click.UsageError("Choose one of --to, --steps and --all.")
    settings = read_settings(context, **flags)
    options = rollback.RollbackOptions(
        to=to,
        steps=steps,
        everything=everything,
        dry_run=dry_run,
        waits=Waits(lock_s=lock_wait, reconnect_s=reconnect_wait),
    )

    def confirm(question: str) -> None:
        if not yes:
            _ask(context, question)

    with following(context, metrics_file, "rollback", migrate.done_before):
        outcomes = rollback.rollback(settings, options, context.emit, confirm=confirm)
    context.show((), lambda: migrate.as_json(outcomes, dry_run=dry_run))


def _ask(context: Context, question: str) -> None:

    if context.json or context.logs_json or not sys.stdin.isatty():
        raise UsageError(
            "rollback needs a confirmation, and there is no terminal",
            detail=f"{question} Nothing was changed.",
            hint="Say --yes.",
        )
    require_yes(question, otherwise="Nothing was changed.")
