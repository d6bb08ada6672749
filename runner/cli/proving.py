"""`runner verify`: it changes nothing but a scratch database of its own."""

from __future__ import annotations

import sys
from typing import Any

import click

from runner.cli.options import Context, read_settings, scratch_option, target_options


@click.command()
@target_options
@scratch_option
@click.option("--all", "everything", is_flag=True, help="Rehearse every file.")
@click.option("--since", metavar="ID", help="Rehearse what comes after this one.")
@click.option(
    "--base", metavar="REVISION", help="Rehearse what differs from where this branch left REVISION."
)
@click.option(
    "--target", "weigh", is_flag=True, help="Weigh the touched tables on the real target, read only."
)
@click.pass_obj
def verify_command(
    context: Context,
    /,
    *,
    everything: bool,
    since: str | None,
    base: str | None,
    weigh: bool,
    scratch_url: str | None,
    **flags: Any,
) -> None:
    """Rehearse migrations in a scratch database: locks, rewrites, scans; up, down and up again.

    By default what is pending on the target. The scratch database is dropped afterwards. Exits with 3 when a
    migration fails or its rollback does not undo it.

    \b
    runner verify -d carthub                   what is pending
    runner verify --all                        every file
    runner verify --base origin/main --target  a branch, on the tables of the real target
    """
    from runner.errors import UsageError
    from runner.fleet.verify import VerifyOptions, verifications
    from runner.report.verification.document import document
    from runner.report.verification.text import lines

    if sum((everything, since is not None, base is not None)) > 1:
        raise UsageError("--all, --since and --base exclude each other")
    results = verifications(
        read_settings(context, **flags),
        VerifyOptions(everything=everything, since=since, base=base, weigh=weigh, scratch_url=scratch_url),
        say=context.tell,
    )
    style = context.style(sys.stdout)
    context.show((line for r in results for line in lines(r, style)), lambda: document(results))
    if not all(result.ok for result in results):
        raise click.exceptions.Exit(3)
