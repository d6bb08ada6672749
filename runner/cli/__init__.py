"""The command line: a command reads options, calls one function, renders one value."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

import click

from runner import __version__
from runner.cli.group import ALIASES, COMMANDS, RunnerGroup
from runner.cli.options import LOG_FORMAT, Context
from runner.errors import ConfigurationError, Location, RunnerError, StoppedError, Terminated
from runner.settings import TABLES, check_keys, find_project, read_config

# New objects before a garbage collection: importing creates tens of thousands that stay, and no garbage.
_GARBAGE = 100_000


@click.group(
    cls=RunnerGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 a check says no, 4 busy or unreachable (safe to retry).",
)
@click.version_option(__version__, "--version", "-V", prog_name="runner", message="%(prog)s %(version)s")
@click.option(
    "--project",
    "-C",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar="RUNNER_PROJECT",
    help="The project's folder (default: the nearest one above that has migrations).",
)
@click.pass_context
def cli(ctx: click.Context, *, project: Path | None) -> None:
    """Apply plain SQL migrations to PostgreSQL, and prove that they did what they say."""
    command = ctx.invoked_subcommand or ""
    ctx.obj.runs_migrations = ALIASES.get(command, command) in {"migrate", "rollback"}
    ctx.obj.project = (project or find_project(Path.cwd())).absolute()
    values = read_config(ctx.obj.project)
    if values:
        names = _option_names(ctx)
        check_keys(values, ctx.obj.project, list(names))
        ctx.obj.tables = {key: values.pop(key) for key in TABLES if key in values}
        defaults = {names[key]: value for key, value in values.items()}
        ctx.default_map = dict.fromkeys((*COMMANDS, *ALIASES), defaults)


def _option_names(ctx: click.Context) -> dict[str, str]:
    """Return the keys of runner.toml: each long option, with _ for -, and its parameter."""
    return {
        spelling.removeprefix("--").replace("-", "_"): option.name or ""
        for command in (cli.get_command(ctx, name) for name in COMMANDS)
        if command is not None
        for option in command.params
        if isinstance(option, click.Option)
        for spelling in option.opts
        if spelling.startswith("--")
    }


def _terminate(_signal: int, _frame: object) -> None:

    raise Terminated


def _stopped(context: Context, stop: KeyboardInterrupt) -> int:

    detail = "Nothing was being changed at that moment."
    if context.runs_migrations:
        detail += " What had been committed before is recorded."
    return context.show_error(StoppedError.by(stop, detail=detail))


def _work(context: Context) -> object:
    """Run the command; before and afterwards restore the default handlers, so that a late Ctrl-C prints no traceback."""
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = cli.main(prog_name="runner", standalone_mode=False, obj=context)
        if not code:
            context.require_written()
        return code
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)


def _logs_json(arguments: list[str]) -> bool:
    said = " ".join(arguments)
    if "--log-format" in said:
        return "--log-format json" in said or "--log-format=json" in said
    return os.environ.get(LOG_FORMAT) == "json"


def main() -> None:
    """Run the command line; every error becomes its message and exit code, never a stack trace."""
    gc.set_threshold(_GARBAGE)
    # --json and --log-format are read before the command line is parsed, so that a usage error has their format too
    context = Context(
        environ=dict(os.environ), json="--json" in sys.argv[1:], logs_json=_logs_json(sys.argv[1:])
    )
    try:
        code = _work(context)
    except click.exceptions.Abort as abort:
        # Click raises this for a signal while no file ran, and for a question answered with no
        stop = abort.__cause__
        code = _stopped(context, stop) if isinstance(stop, KeyboardInterrupt) else 128 + signal.SIGINT
    except KeyboardInterrupt as stop:
        code = _stopped(context, stop)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 2
    except click.ClickException as error:
        context.show_usage_error(error)
        code = 2
    except RunnerError as error:
        code = context.show_error(error)
    except OSError as error:
        where = None if error.filename is None else Location(str(error.filename))
        code = context.show_error(ConfigurationError(str(error.strerror or error), where=where))
    sys.exit(code if isinstance(code, int) else 0)


__all__ = ["cli", "main"]
