"""`runner repair`: it changes history, never the schema."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import (
    Context,
    lock_wait_option,
    read_settings,
    target_options,
)

if TYPE_CHECKING:
    from runner.commands.repair import Mended, Repair


def _not_blank(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("say why")
    return value


reason_option = click.option("--reason", required=True, callback=_not_blank, help="Reason, kept in history.")


@click.group()
def repair_command() -> None:
    """Correct history where it and the files disagree. Changes only history.

    \b
    runner repair accept 0007 -d carthub --reason "comment corrected"
    runner repair forget 0008 -d carthub --reason "was merged into 0007"
    runner repair rename 0005_old 0006_new -d carthub --reason "renumbered"
    runner repair done 0009 -d carthub --reason "the index is there"
    runner repair again 0009 -d carthub --reason "the index is not there"
    runner repair continue 0009 -d carthub --reason "its last statement corrected"
    runner repair restart 0009 -d carthub --reason "undone by hand"
    """


def _repair(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """Turn a function into a subcommand with the common options."""

    def command(function: Callable[..., None]) -> click.Command:
        with_options = target_options(lock_wait_option(reason_option(click.pass_obj(function))))
        return repair_command.command(name, cls=GroupedCommand)(with_options)

    return command


@_repair("accept")
@click.argument("migration")
def accept_command(context: Context, /, *, migration: str, **flags: Any) -> None:
    """Accept an edited file as the applied version."""
    _show(context, _begin(context, **flags).accept(migration))


@_repair("forget")
@click.argument("migrations", nargs=-1, required=True, metavar="MIGRATION...")
def forget_command(context: Context, /, *, migrations: tuple[str, ...], **flags: Any) -> None:
    """Remove entries whose files are gone, without undoing them."""
    _show(context, *_begin(context, **flags).forget(migrations))


@_repair("rename")
@click.argument("old")
@click.argument("new")
def rename_command(context: Context, /, *, old: str, new: str, **flags: Any) -> None:
    """Record the new name of an applied migration's file."""
    _show(context, _begin(context, **flags).rename(old, new))


statement_option = click.option(
    "--statement", type=click.IntRange(min=1), metavar="N", help="The statement, if several are in doubt."
)


@_repair("done")
@statement_option
@click.argument("migration")
def done_command(context: Context, /, *, migration: str, statement: int | None, **flags: Any) -> None:
    """Record that an interrupted statement took effect."""
    _show(context, _begin(context, **flags).settle(migration, took_effect=True, statement=statement))


@_repair("again")
@statement_option
@click.argument("migration")
def again_command(context: Context, /, *, migration: str, statement: int | None, **flags: Any) -> None:
    """Repeat a statement that was interrupted without effect."""
    _show(context, _begin(context, **flags).settle(migration, took_effect=False, statement=statement))


@_repair("continue")
@click.argument("migration")
def continue_command(context: Context, /, *, migration: str, **flags: Any) -> None:
    """Go on with a partly run file whose rest was edited."""
    _show(context, _begin(context, **flags).go_on(migration))


@_repair("restart")
@click.argument("migration")
def restart_command(context: Context, /, *, migration: str, **flags: Any) -> None:
    """Run a file from its start again, after undoing it by hand."""
    _show(context, _begin(context, **flags).restart(migration))


def _begin(context: Context, *, reason: str, lock_wait: float, **flags: Any) -> Repair:
    from runner.commands.repair import Repair

    settings = read_settings(context, **flags)
    return Repair(settings=settings, reason=reason, lock_wait_s=lock_wait, emit=context.emit)


def _show(context: Context, *results: Mended) -> None:
    style = context.style(sys.stdout)
    objects = [result.as_json() for result in results]
    context.show(
        [result.text(style) for result in results],
        lambda: objects[0] if len(objects) == 1 else {"repairs": objects},
    )
