"""`runner validate`."""

from __future__ import annotations

from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, ignore_option, read_settings, scratch_option, target_options


@click.command(cls=GroupedCommand)
@target_options
@ignore_option
@scratch_option
@click.option("--grants", is_flag=True, help="Also count rights that the snapshot lacks as a difference.")
@click.option("--owners", is_flag=True, help="Also count another owner than the snapshot's as a difference.")
@click.option("--strict", is_flag=True, help="Exit with 3 for a concern too, such as an invalid index.")
@click.pass_obj
def validate_command(
    context: Context,
    /,
    *,
    grants: bool,
    owners: bool,
    strict: bool,
    scratch_url: str | None,
    **flags: Any,
) -> None:
    """Compare the database's schema with the committed snapshot. Changes nothing.

    While files are pending, it is compared with what the applied files give, built in a scratch database.
    If they differ, exits with 3 and shows the difference as SQL. Also reports invalid indexes, constraints that
    were never validated, disabled triggers, sequences near their end, and old extensions.

    \b
    runner validate -d carthub
    runner validate --owners --grants
    """
    from runner.commands.validate import as_json, text, validations

    settings = read_settings(context, **flags)
    results = validations(settings, grants=grants, owners=owners, scratch_url=scratch_url, emit=context.emit)
    context.show_each(results, text, as_json)
    if not all(r.value.validation.matches and not (strict and r.value.concerns) for r in results):
        raise click.exceptions.Exit(3)
