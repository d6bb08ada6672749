"""Options that several commands share, and the context with their values."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from runner import settings
from runner.cli.termination import leave_word
from runner.errors import RunnerError, StoppedError, UsageError
from runner.events import Counted, Notice
from runner.limits import milliseconds
from runner.report.failure import error_as_json, error_as_line, error_as_text
from runner.report.per_database import as_lines, as_object
from runner.report.terminal import Style

if TYPE_CHECKING:
    from runner.events import Emit, Event
    from runner.progress.jsonl import JsonLines
    from runner.report.per_database import PerDatabase
    from runner.settings import Settings

LOG_FORMAT = "RUNNER_LOG_FORMAT"

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


DoneBefore = Callable[[Sequence[Counted]], Mapping[str, Any]]  # what was done before an error, for its object


@dataclass
class Context:
    """What every command gets: the environment, and how to write output."""

    environ: Mapping[str, str]
    project: Path | None = None
    json: bool = False
    logs_json: bool = False  # --log-format json
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of runner.toml
    events: list[Counted] = field(default_factory=list)  # with --json: what was done
    done_before: DoneBefore = lambda _events: {}
    runs_migrations: bool = False  # in the target, which may then hold some of them
    unwritten: OSError | None = None  # why the result did not reach stdout
    _warned: set[str] = field(default_factory=set)

    def style(self, stream: Any) -> Style:
        """Return the colors for a stream."""
        return Style.of(stream, self.environ)

    def echo(self, line: str) -> None:
        """Write a line of the result; a closed reader (head, less) or a full disk must not stop the work."""
        try:
            click.echo(line, color=True)
        except BrokenPipeError:
            _silence(sys.stdout)
        except OSError as error:
            self.unwritten = self.unwritten or error
            _silence(sys.stdout)

    def say(self, line: str) -> None:
        """Write a line for people to stderr; if that fails, the work goes on."""
        try:
            click.echo(line, err=True, color=True)
        except OSError:
            _silence(sys.stderr)

    def require_written(self) -> None:
        """Raise if the result, or part of it, could not be written.

        Raises: RunnerError.
        """
        if self.unwritten is not None:
            reason = (self.unwritten.strerror or str(self.unwritten)).lower()
            raise RunnerError(
                f"cannot write the result to stdout: {reason}",
                detail="The command did everything; only its output is lost, or incomplete.",
                hint="Free space for stdout; runner status and runner status --history show what was done.",
            ) from self.unwritten

    def emit(self, event: Event) -> None:
        """Report an event to those who follow; a warning once, however often it is met."""
        if isinstance(event, Notice) and event.name == "warning":
            if event.message in self._warned:
                return
            self._warned.add(event.message)
        if self.json and isinstance(event, Counted):
            self.events.append(event)
        for follower in self._followers:
            follower(event)

    def follow(self, follower: Emit) -> None:
        """Report each event to another."""
        self._followers.append(follower)

    @cached_property
    def _json_lines(self) -> JsonLines:
        from runner.progress.jsonl import JsonLines  # for start-up time: an option

        return JsonLines(self.say)

    @cached_property
    def _followers(self) -> list[Emit]:
        if self.logs_json:
            return [self._json_lines]
        from runner.progress.lines import Lines  # for start-up time: many commands report no event

        return [Lines((lambda _line: None) if self.json else self.echo, self.say, self.environ)]

    def show(self, lines: Iterable[str], as_json: Callable[[], Any]) -> None:
        """Write a result: as lines, or with --json as one object."""
        if self.json:
            self.echo(json.dumps(as_json(), ensure_ascii=False, indent=2))
        else:
            for line in lines:
                self.echo(line)

    def show_each(
        self,
        results: Sequence[PerDatabase[T]],
        text: Callable[[T, Style], Iterable[str]],
        as_json: Callable[[T], Mapping[str, Any]],
    ) -> None:
        """Write what was found in each database."""
        self.show(as_lines(results, self.style(sys.stdout), text), lambda: as_object(results, as_json))

    def show_error(self, error: RunnerError) -> int:
        """Write an error to stderr (with --json: to stdout as an object) and return its exit code."""
        if self.json:
            told = {"error": error_as_json(error), **self.done_before(self.events)}
            self.echo(json.dumps(told, ensure_ascii=False, indent=2))
        if self.logs_json:
            self._json_lines.fail(error)
        elif not self.json or self.unwritten:
            self.say(error_as_text(error, self.style(sys.stderr)))
        leave_word(error_as_line(error), self.environ)
        return 128 + error.signal_number if isinstance(error, StoppedError) else error.exit_code

    def show_usage_error(self, error: click.ClickException) -> None:
        """Write a usage error in the same form as any other."""
        message = error.format_message().rstrip(".")
        hint = None
        if isinstance(error, click.UsageError) and error.ctx is not None:
            hint = f"See {error.ctx.command_path} --help."
        self.show_error(UsageError(message[:1].lower() + message[1:], hint=hint))


def _silence(stream: IO[str]) -> None:
    """Discard what is still written to the stream, and its buffer."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _log_format(ctx: click.Context, _param: click.Parameter, value: str) -> None:
    ctx.obj.logs_json = value == "json"


log_option = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    envvar=LOG_FORMAT,
    is_eager=True,  # so that errors in the other options have this format
    expose_value=False,
    callback=_log_format,
    help="Format of stderr: text, or one JSON object per event.",
)


class Once(click.Option):
    """An option that may not be given twice: Click would silently take the last one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "multiple": True, "callback": _only_one})

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Read a variable as one value; the values of other repeated options are separated by blanks."""
        value = self.resolve_envvar_value(ctx)
        return None if value is None else (value,)

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Take the one value of a settings file."""
        return super().type_cast_value(ctx, (value,) if isinstance(value, str) else value)


def _only_one(_ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> str | None:
    if len(value) > 1:
        raise click.UsageError(
            f"{param.opts[0]} is given {len(value)} times: give it once, or omit it for all databases in turn."
        )
    return value[0] if value else None


def target_options(command: F) -> F:
    """Add the options that choose a database and where it is."""
    for option in (
        log_option,
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        click.option(
            "--history-schema",
            envvar="RUNNER_HISTORY_SCHEMA",
            help="Schema of history's tables (default: where search_path finds them, or else the current schema).",
        ),
        click.option(
            "--schema-dir",
            type=click.Path(path_type=Path),
            envvar="RUNNER_SCHEMA_DIR",
            help="Folder of the snapshots (default: sql/schema).",
        ),
        click.option(
            "--functions-dir",
            type=click.Path(path_type=Path),
            envvar="RUNNER_FUNCTIONS_DIR",
            help="Folder of repeatable files (default: sql/functions).",
        ),
        click.option(
            "--migrations-dir",
            "migrations_dirs",
            multiple=True,
            type=click.Path(path_type=Path),
            envvar="RUNNER_MIGRATIONS_DIR",
            help="Folder of migrations (default: migrations); may be repeated.",
        ),
        click.option(
            "--session-pool",
            is_flag=True,
            envvar="RUNNER_SESSION_POOL",
            help="Declare that the connection pooler is in session mode.",
        ),
        click.option(
            "--direct-url",
            envvar="RUNNER_DIRECT_URL",
            help="URL of the server itself, if --url leads to a pooler.",
        ),
        click.option(
            "--url", envvar="RUNNER_URL", help="URL of the database (default: DATABASE_URL and others)."
        ),
        click.option(
            "--database",
            "-d",
            cls=Once,
            envvar="RUNNER_DATABASE",
            help="Name of one database (default: all in turn).",
        ),
    ):
        command = option(command)
    return command


lock_wait_option = click.option(
    "--lock-wait",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    envvar="RUNNER_LOCK_WAIT",
    help="How long to wait for another runner.",
)
reconnect_wait_option = click.option(
    "--reconnect-wait",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    envvar="RUNNER_RECONNECT_WAIT",
    help="How long to wait for the server after the connection is lost.",
)


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic in Click 8.3 only
    """A duration in PostgreSQL's format; its value is in milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return milliseconds; a bare number, also of runner.toml, is in milliseconds."""
        found = milliseconds(str(value))
        if found is None:
            self.fail(
                f"{value!r} is not a duration: write a number with a unit, 500ms, 5s, 2min; 0 means no limit",
                param,
                ctx,
            )
        return found


def limits(*, statement: str) -> Callable[[F], F]:
    """Return a decorator that adds the options for time limits and retries.

    `statement` is the command's default of --statement-timeout.
    """

    def add(command: F) -> F:
        for option in _limit_options(statement):
            command = option(command)
        return command

    return add


def _limit_options(statement: str) -> Iterable[Callable[[F], F]]:
    return (
        _limit(
            "--idle-in-transaction-timeout",
            "idle_in_transaction_session_timeout_ms",
            "RUNNER_IDLE_IN_TRANSACTION_TIMEOUT",
            "5min",
            "End our session if it idles in a transaction for this long.",
        ),
        _limit(
            "--concurrently-timeout",
            "concurrently_timeout_ms",
            "RUNNER_CONCURRENTLY_TIMEOUT",
            "6h",
            "Time limit of one CONCURRENTLY statement, including its waits.",
        ),
        click.option(
            "--max-blocked",
            type=click.IntRange(min=0, max=100_000),
            metavar="N",
            envvar="RUNNER_MAX_BLOCKED",
            help="Stop and retry later once N sessions queue behind us.  [default: 0, never]",
        ),
        _limit(
            "--statement-timeout",
            "statement_timeout_ms",
            "RUNNER_STATEMENT_TIMEOUT",
            statement,
            "Time limit of one statement.",
        ),
        click.option(
            "--lock-retries",
            type=click.IntRange(min=0, max=1000),
            metavar="N",
            envvar="RUNNER_LOCK_RETRIES",
            help="How often to retry a file after a lock timeout, with increasing delays.  [default: 10]",
        ),
        _limit(
            "--lock-timeout",
            "lock_timeout_ms",
            "RUNNER_LOCK_TIMEOUT",
            "3s",
            "How long to wait for a table lock; other queries queue behind us at most this long.",
        ),
    )


def _limit(flag: str, name: str, variable: str, default: str, text: str) -> Callable[[F], F]:
    return click.option(
        flag,
        name,
        type=Duration(),
        metavar="DURATION",
        envvar=variable,
        help=f"{text}  [default: {default}]",
    )


limit_options = limits(statement="0")
ignore_option = click.option(
    "--ignore",
    multiple=True,
    metavar="PATTERN",
    envvar="RUNNER_IGNORE",
    help="Objects of other projects, which may differ from the snapshot: 'index:public.tmp_*', 'table:audit.*'; may be repeated.",
)


def backup_options(*names: str, required: bool = False) -> Callable[[F], F]:
    """Add the options for where backups are kept."""

    def add(command: F) -> F:
        command = click.option(
            "--kms-key",
            envvar="RUNNER_KMS_KEY",
            metavar="KEY",
            help="KMS key for S3 (ID, ARN or alias/…).  [default: AES256, S3's own key]",
        )(command)
        return click.option(
            *names,
            "--backup-to",
            "backup_to",
            required=required,
            show_envvar=required,  # in the error for a missing one too
            envvar="RUNNER_BACKUP_TO",
            metavar="PLACE",
            help="Where backups are kept: a folder, or s3://bucket/prefix.",
        )(command)

    return add


scratch_option = click.option(
    "--scratch-url",
    envvar="RUNNER_SCRATCH_URL",
    help="Server for a scratch database (default: the local one).",
)


def read_settings(context: Context, **flags: Any) -> Settings:
    """Make the settings of flags, in which Click has merged the environment and `runner.toml`."""
    context.json = bool(flags.pop("as_json", False)) or context.json
    return settings.load(environ=context.environ, project=context.project, flags=flags)
