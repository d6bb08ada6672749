"""`runner migrate` and `runner rollback`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from runner.cli.options import (
    Context,
    backup_options,
    ignore_option,
    limit_options,
    lock_wait_option,
    read_settings,
    reconnect_wait_option,
    target_options,
)

if TYPE_CHECKING:
    from runner.apply import Done
    from runner.fleet.keep import BackedUp, BackupOptions
    from runner.fleet.migrate import Observer, Outcome
    from runner.plan import Plan
    from runner.report.live import Sights
    from runner.watch import Sighting


@click.command()
@target_options
@ignore_option
@lock_wait_option
@reconnect_wait_option
@limit_options
@click.option("--to", metavar="ID", help="Stop after this migration.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Apply at most N.")
@click.option("--dry-run", is_flag=True, help="Say what would be run; change nothing.")
@click.option("--single-transaction", is_flag=True, help="Apply all of a database's files, or none.")
@click.option("--allow-out-of-order", is_flag=True, help="Apply files below the newest applied one too.")
@click.option(
    "--validate/--no-validate", default=True, help="Compare the schema with the snapshot afterwards."
)
@click.option(
    "--backup", is_flag=True, envvar="RUNNER_BACKUP", help="Back up first what is about to be changed."
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
    validate: bool,
    lock_wait: float,
    reconnect_wait: float,
    backup: bool,
    backup_to: str | None,
    kms_key: str | None,
    **flags: Any,
) -> None:
    """Apply what is pending, in order, then validate the schema. Changes the database.

    \b
    runner migrate                       every database of the project
    runner migrate -d carthub --to 0003  one database, up to a migration
    """
    from runner.fleet.migrate import MigrateOptions, migrate

    settings = read_settings(context, **flags)
    options = MigrateOptions(
        to=to,
        steps=steps,
        dry_run=dry_run,
        single_transaction=single_transaction,
        allow_out_of_order=allow_out_of_order,
        validate=validate,
        lock_wait_s=lock_wait,
        reconnect_wait_s=reconnect_wait,
        backup=_backup_options(backup_to, kms_key, lock_wait) if backup else None,
    )
    _finish(context, migrate(settings, options, _observer(context, dry_run=dry_run)), dry_run=dry_run)


@click.command()
@target_options
@lock_wait_option
@reconnect_wait_option
@limit_options
@click.option("--to", metavar="ID", help="Roll back what was applied after this migration; it stays.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Roll back N migrations (default: 1).")
@click.option("--all", "everything", is_flag=True, help="Roll back every migration.")
@click.option("--dry-run", is_flag=True, help="Say what would be rolled back; change nothing.")
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
    **flags: Any,
) -> None:
    """Undo what was applied last, the newest first. Changes the database.

    \b
    runner rollback -d carthub            the newest migration
    runner rollback -d carthub --to 0003  down to a migration, which stays
    """
    from runner.fleet.migrate import RollbackOptions, rollback

    if sum(map(bool, (to, steps, everything))) > 1:
        raise click.UsageError("Choose one of --to, --steps and --all.")
    settings = read_settings(context, **flags)
    options = RollbackOptions(
        to=to,
        steps=steps,
        everything=everything,
        dry_run=dry_run,
        lock_wait_s=lock_wait,
        reconnect_wait_s=reconnect_wait,
    )
    _finish(
        context, rollback(settings, options, _observer(context, dry_run=dry_run, yes=yes)), dry_run=dry_run
    )


def _backup_options(to: str | None, kms_key: str | None, lock_wait: float) -> BackupOptions:
    from runner.fleet.keep import BackupOptions

    if to is None:
        raise click.UsageError("--backup needs a place: --backup-to or RUNNER_BACKUP_TO.")
    return BackupOptions(to=to, kms_key=kms_key, lock_wait_s=lock_wait)


def _observer(context: Context, *, dry_run: bool, yes: bool = True) -> Observer:
    """Print each line as it becomes true; with --json nothing but the result goes to stdout."""
    from runner.apply import Listener
    from runner.errors import UsageError
    from runner.fleet.migrate import Observer
    from runner.report import people

    style = context.style(sys.stdout)
    said: set[str] = set()
    shown: list[Sights] = []  # what shows waits and progress, made when there is some

    def say(line: str) -> None:
        (shown[0] if shown else context).say(line)

    def sighted(sighting: Sighting) -> None:
        if not shown:
            from runner.report import live

            shown.append(live.sights(sys.stderr, context.environ, context.say))
        shown[0].show(sighting)

    def result(line: str) -> None:
        if not context.json:
            context.echo(line)

    def warns(text: str) -> None:
        if text not in said:
            said.add(text)
            say(f"{context.style(sys.stderr)('warning:', 'yellow', 'bold')} {text}")

    def confirm(place: str, plan: Plan) -> None:
        if yes:
            return
        if context.json or not sys.stdin.isatty():
            raise UsageError(
                "rollback asks before it undoes anything, and nobody can answer here",
                detail=f"{people.question(place, plan)} Nothing was changed.",
                hint="Say --yes.",
            )
        click.confirm(people.question(place, plan), abort=True, err=True)

    def opened(name: str, place: str) -> None:
        result(people.heading(name, place, style))
        context.partial.setdefault("databases", []).append({"database": name, "steps": []})

    def done(step: Done) -> None:
        result(people.done_line(step, style))
        if context.json:
            from runner.report import contract

            context.partial["databases"][-1]["steps"].append(contract.done_step(step))

    def closed(outcome: Outcome) -> None:
        if dry_run:
            for line in people.planned_lines(outcome.plan, style):
                result(line)
        for line in people.closing(outcome, style, dry_run=dry_run):
            result(line)

    def backed_up(taken: BackedUp) -> None:
        from runner.report import keeping

        for line in keeping.backed_up(taken, style):
            result(line)
        context.partial.setdefault("backups", []).append(keeping.backup_as_json(taken))

    return Observer(
        backed_up=backed_up,
        opened=opened,
        listener=Listener(done=done, warns=warns, tells=lambda line: say(f"  {line}")),
        waits=lambda holder, waited_s: say(people.waiting(holder, waited_s)),
        sighted=sighted,
        closed=closed,
        say=say,
        confirm=confirm,
    )


def _finish(context: Context, outcomes: list[Outcome], *, dry_run: bool) -> None:
    if context.json:
        from runner.report import contract

        context.echo(json.dumps(contract.outcomes(outcomes, dry_run=dry_run), ensure_ascii=False, indent=2))
