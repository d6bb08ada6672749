"""The local server, and other programs on a database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NoReturn

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, log_option, read_settings, target_options

_json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_database_option = click.option(
    "--database", "-d", envvar="RUNNER_DATABASE", help="The database (default: the only one)."
)
# what follows the command is the command's own, dashes included
_PASS_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.command("exec", cls=GroupedCommand, context_settings=_PASS_ON)
@target_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def exec_command(context: Context, /, *, command: tuple[str, ...], **flags: Any) -> NoReturn:
    """Run a program with PG* set for a database.

    Changes nothing itself. The password is passed in the environment, never as an argument.

    Example: runner exec --database carthub -- pg_dump --format=custom --file=carthub.dump
    """
    _run(context, command, flags)


@click.group("local")
def local_command() -> None:
    """Work with the project's own PostgreSQL, for development.

    Commands that need a database create and start it if no target is configured.
    """


@local_command.command()
@click.option(
    "--tcp/--no-tcp", default=None, help="Listen on 127.0.0.1 instead of a socket (DBeaver needs it)."
)
@_json_option
@log_option
@click.pass_obj
def start(context: Context, /, *, tcp: bool | None, **flags: Any) -> None:
    """Start the local server; create it if there is none.

    Example: runner local start --tcp
    """
    _server(context, "started", flags, tcp=tcp)


@local_command.command()
@_json_option
@log_option
@click.pass_obj
def stop(context: Context, /, **flags: Any) -> None:
    """Stop the local server and keep its data.

    Example: runner local stop
    """
    _server(context, "stopped", flags)


@local_command.command()
@_json_option
@log_option
@click.pass_obj
def status(context: Context, /, **flags: Any) -> None:
    """Show the local server; change nothing.

    Example: runner local status
    """
    _server(context, "shown", flags)


@local_command.command()
@_database_option
@click.option("--password", is_flag=True, help="Include the password in the URL (only TCP needs it).")
@_json_option
@log_option
@click.pass_obj
def url(context: Context, /, *, password: bool, **flags: Any) -> None:
    """Print the local server's URL for psql or another program; start the server if needed.

    Example: psql "$(runner local url --database carthub)"
    """
    from runner.commands import local

    text = local.url(read_settings(context, **flags), password=password, emit=context.emit)
    click.echo(json.dumps({"url": text}) if context.json else text)


@local_command.command(context_settings=_PASS_ON)
@_database_option
@log_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def psql(context: Context, /, *, arguments: tuple[str, ...], **flags: Any) -> NoReturn:
    """Open psql on the local server; start the server if needed.

    Example: runner local psql --database carthub -- -c 'TABLE carts'
    """
    _run(context, ["psql", *arguments], flags, on_local=True)


def _run(
    context: Context, command: Sequence[str], flags: Mapping[str, Any], *, on_local: bool = False
) -> NoReturn:
    from runner.commands import local

    local.run(read_settings(context, **flags), command, on_local=on_local, emit=context.emit)


def _server(
    context: Context,
    wanted: Literal["started", "stopped", "shown"],
    flags: Mapping[str, Any],
    *,
    tcp: bool | None = None,
) -> None:
    from runner.commands import local

    found = local.server(read_settings(context, **flags), wanted, tcp=tcp, emit=context.emit)
    context.show([local.text(found)], lambda: local.as_json(found))
