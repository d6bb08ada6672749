"""`runner backup`, `runner restore` and `runner maintenance`: what keeps a database for years."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from runner.cli.asking import require_yes
from runner.cli.options import Context, backup_options, lock_wait_option, read_settings, target_options

if TYPE_CHECKING:
    from runner.fleet.keep import BackedUp


@click.command()
@target_options
@lock_wait_option
@backup_options("--to", required=True)
@click.option("--schema-only", is_flag=True, help="Without data. Such backups are kept beside the others.")
@click.option(
    "--keep-days",
    multiple=True,
    envvar="RUNNER_KEEP_DAYS",
    metavar="[DATABASE=]N",
    help="Remove older ones once the new one is whole; 0 keeps all; may be repeated.  [default: 30]",
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
    """Back databases up, and prove that each archive can be read. Changes nothing in them.

    \b
    runner backup --to /backups                     every database of the project
    runner backup --to s3://bucket/nightly -d carthub --keep-days 7
    """
    from runner.fleet.keep import BackupOptions, backups
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


@click.command()
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
    help="So many at once; not in one transaction.",
)
@click.option(
    "--validate/--no-validate", default=True, help="Compare catalogue and history with what was dumped."
)
@click.option(
    "--switch", is_flag=True, help="Then rename: the new one takes the live one's name, which is kept."
)
@click.option("--end-sessions", is_flag=True, help="End the sessions that stand in the way of the switch.")
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

    FROM is an archive, or the place of backups for the newest one of the database.

    \b
    runner restore /backups -d carthub --into carthub_restored
    runner restore s3://bucket/nightly -d carthub --into carthub_restored --switch
    """
    from runner.errors import UsageError
    from runner.fleet.keep import RestoreOptions, restore
    from runner.report import keeping

    if switch and not validate:
        raise click.UsageError("--switch needs the comparison: leave --no-validate out.")
    can_ask = not context.json and sys.stdin.isatty()
    if switch and not yes and not can_ask:
        raise UsageError(
            "the switch asks before it renames anything, and nobody can answer here",
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
        say=context.tell,
    )
    style = context.style(sys.stdout)
    if context.logs_json:
        context.tell(keeping.restored_event(result))
    lines = () if context.logs_json else keeping.restored(result, style)
    context.show(lines, lambda: keeping.restored_as_json(result))
