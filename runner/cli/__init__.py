"""The command line: a command reads options, calls one function, renders one value."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import click

from runner import __version__
from runner.cli.group import ALIASES, COMMANDS, RunnerGroup
from runner.cli.options import Context


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
    help="The project's folder (default: the nearest one above that holds migrations).",
)
@click.pass_context
def cli(ctx: click.Context, *, project: Path | None) -> None:
    """Apply plain SQL migrations to PostgreSQL, and prove that they did what they say."""
    from runner.settings import check_keys, find_project, read_config

    ctx.obj.project = (project or find_project(Path.cwd())).absolute()
    values = read_config(ctx.obj.project)
    if values:
        check_keys(values, ctx.obj.project, _option_names(ctx))
        ctx.default_map = dict.fromkeys((*COMMANDS, *ALIASES), values)


def _option_names(ctx: click.Context) -> list[str]:
    """Return every option that a command of ours has: what runner.toml may set."""
    commands = [cli.get_command(ctx, name) for name in COMMANDS]
    return sorted(
        {
            p.name
            for c in commands
            if c is not None
            for p in c.params
            if isinstance(p, click.Option) and p.name
        }
    )


def main() -> None:
    """Run the command line; every error becomes its message and exit code, never a stack trace."""
    from runner.errors import ConfigurationError, Location, RunnerError

    context = Context(environ=dict(os.environ))
    try:
        code = cli.main(prog_name="runner", standalone_mode=False, obj=context)
    except click.exceptions.Abort:
        code = 128 + signal.SIGINT
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
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
