"""The local server, and other programs on a database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, log_option, read_settings, target_options

if TYPE_CHECKING:
    from runner.settings import Settings

_json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_database_option = click.option(
    "--database", "-d", envvar="RUNNER_DATABASE", help="The database (default: the only one)."
)
# what follows the command is the command's own, dashes included
_PASS_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def _one_database(settings: Settings) -> str | None:
    """Return the database's name, or None in a project that names none; never guess between two."""
    from runner.errors import UsageError
    from runner.files.migrations.layout import find_layouts, which_of

    if not settings.migrations_dirs and not (settings.project / "migrations").is_dir():
        return settings.database
    names = [layout.name or settings.database for layout in find_layouts(settings)]
    if len(names) > 1:
        raise which_of(names, kind=UsageError)
    return names[0]


@click.command("exec", cls=GroupedCommand, context_settings=_PASS_ON)
@target_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def exec_command(context: Context, /, *, command: tuple[str, ...], **flags: Any) -> NoReturn:
    """Run a program with PG* set for a database.

    Changes nothing itself. The password is passed in the environment, never as an argument.

    Example: runner exec --database carthub -- pg_dump --format=custom --file=carthub.dump
    """
    from runner.server import connection, local

    settings = read_settings(context, **flags)
    target = connection.locate(settings, _one_database(settings), emit=context.emit)
    programs = local.programs(settings) if target.source == local.SOURCE else None
    connection.run_command(
        command, target, environ=context.environ, programs=None if programs is None else programs.bin
    )


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
    from runner.server import local

    settings = read_settings(context, **flags)
    local.start(settings, tcp=tcp, emit=context.emit)
    _show(context, settings)


@local_command.command()
@_json_option
@log_option
@click.pass_obj
def stop(context: Context, /, **flags: Any) -> None:
    """Stop the local server and keep its data.

    Example: runner local stop
    """
    from runner.server import local

    settings = read_settings(context, **flags)
    local.stop(settings, emit=context.emit)
    _show(context, settings)


@local_command.command()
@_json_option
@log_option
@click.pass_obj
def status(context: Context, /, **flags: Any) -> None:
    """Show the local server; change nothing.

    Example: runner local status
    """
    _show(context, read_settings(context, **flags))


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
    from runner.server import local

    settings = read_settings(context, **flags)
    target = local.target(settings, _one_database(settings), emit=context.emit)
    text = local.url_of(target, password=password)
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
    from runner.server import connection, local

    settings = read_settings(context, **flags)
    target = local.target(settings, _one_database(settings), emit=context.emit)
    programs = local.programs(settings)
    connection.run_command(
        ["psql", *arguments],
        target,
        environ=context.environ,
        programs=None if programs is None else programs.bin,
    )


def _show(context: Context, settings: Settings) -> None:
    from runner.commands.local import as_json, text
    from runner.server import local

    found = local.status(settings)
    context.show([text(found)], lambda: as_json(found))
