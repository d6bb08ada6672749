"""`runner draft`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, read_settings, scratch_option, target_options

if TYPE_CHECKING:
    from runner.schema.draft.renames import Doubt


@click.command(cls=GroupedCommand)
@target_options
@scratch_option
@click.argument("name")
@click.option("--like", metavar="URL", help="Take the wanted schema from this database.")
@click.option(
    "--like-command",
    metavar="COMMAND",
    help="Take it from an empty database that this command fills; its address is in DATABASE_URL.",
)
@click.option(
    "--rename", "renamed", metavar="OLD=NEW", multiple=True, help="public.orders.note=remark was renamed."
)
@click.option(
    "--no-rename", "not_renamed", metavar="OLD", multiple=True, help="This was dropped, not renamed."
)
@click.option(
    "--fill",
    "fills",
    metavar="COLUMN=SQL",
    multiple=True,
    help="What a new column holds in existing rows: public.orders.country='CH'.",
)
@click.option("--one-file", is_flag=True, help="Write one migration, for tables that are known to be small.")
@click.option(
    "--allow-destroying",
    is_flag=True,
    help="Draft also what loses rows or values: no rollback brings them back.",
)
@click.pass_obj
def draft_command(
    context: Context,
    /,
    *,
    name: str,
    like: str | None,
    like_command: str | None,
    renamed: tuple[str, ...],
    not_renamed: tuple[str, ...],
    fills: tuple[str, ...],
    one_file: bool,
    allow_destroying: bool,
    scratch_url: str | None,
    **flags: Any,
) -> None:
    """Write the migrations that lead to a wanted schema.

    The wanted schema is the edited snapshot, or a database. What is written has been applied, rolled back and applied
    again in a scratch database. Nothing is applied to yours. What cannot be drafted gets a file for you to write, and
    the exit code is 3.

    \b
    runner draft add_note -d carthub       after editing sql/schema/carthub.sql
    runner draft add_note --like URL       as another database has it
    """
    from runner.commands.draft import DraftOptions, as_json, draft, text
    from runner.errors import UsageError

    if like is not None and like_command is not None:
        raise UsageError("--like and --like-command exclude each other")
    given = [fill.partition("=") for fill in fills]
    if any(not (found and value) for _, found, value in given):
        raise UsageError(
            "--fill needs a column and an expression", hint="--fill public.orders.country=\"'CH'\""
        )
    options = DraftOptions(
        name=name,
        like=like,
        like_command=like_command,
        renamed=renamed,
        not_renamed=not_renamed,
        fills={column: value for column, _, value in given},
        one_file=one_file,
        allow_destroying=allow_destroying,
        scratch_url=scratch_url,
    )
    asks = sys.stdin.isatty() and not context.json
    result = draft(read_settings(context, **flags), options, emit=context.emit, ask=_ask if asks else None)
    style = context.style(sys.stdout)
    context.show(text(result, style), lambda: as_json(result))
    if result.undrafted:
        raise click.exceptions.Exit(3)


def _ask(doubt: Doubt) -> bool:
    return click.confirm(f"{doubt}. Was it renamed?", err=True)
