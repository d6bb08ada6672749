"""`runner health`: it changes nothing."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from typing import Any

import click

from runner.cli.group import GroupedCommand
from runner.cli.options import Context, Duration, read_settings, target_options
from runner.report.per_database import as_lines, as_object


@click.command(cls=GroupedCommand)
@target_options
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--check",
    is_flag=False,
    flag_value="problem",
    type=click.Choice(["problem", "warn"]),
    help="Exit with 3 if there is a problem; with --check=warn also for a warning or a query that could not be run.",
)
@click.option("--full", is_flag=True, help="Show every row, not only those beyond the thresholds.")
@click.option(
    "--explain",
    is_flag=True,
    help="Explain the queries: what they show, when to worry, what to do. Runs none.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "openmetrics"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@click.option(
    "--query-timeout",
    "timeout_ms",
    type=Duration(),
    default="10s",
    show_default=True,
    metavar="DURATION",
    envvar="RUNNER_QUERY_TIMEOUT",
    help="Time limit of one query.",
)
@click.option(
    "--health-dir",
    type=click.Path(),
    envvar="RUNNER_HEALTH_DIR",
    help="Folder of the project's own queries (default: sql/health).",
)
@click.pass_obj
def health_command(
    context: Context,
    /,
    *,
    names: tuple[str, ...],
    check: str | None,
    full: bool,
    explain: bool,
    form: str,
    timeout_ms: int,
    **flags: Any,
) -> None:
    """Check a database's health: sessions, locks, sizes, bloat. Changes nothing.

    Without names every query is run. Thresholds are in the queries and in runner.toml, [health].

    \b
    runner health                          what is beyond a threshold, in every database
    runner health -d carthub table_sizes   one query with all its rows
    runner health --explain blocking       what the query shows, when to worry, what to do
    runner health --check                  for a pipeline or a CronJob
    runner health --format openmetrics     for Prometheus
    """
    from runner.commands import health as work

    context.json = context.json or form == "json"
    settings = read_settings(context, **flags)
    thresholds = context.tables.get("health", {})
    if explain:
        queries = work.chosen_queries(settings, names, thresholds)
        style = context.style(sys.stdout)
        lines = (line for query in queries for line in work.explanation(query, style, width=_width()))
        context.show(lines, lambda: work.explained_as_json(queries))
        return
    results, failures = work.health(
        settings, names, thresholds=thresholds, timeout_ms=timeout_ms, emit=context.emit
    )
    if context.json:
        context.done_before = lambda _events: as_object(results, work.as_json) if results else {}
    elif results and form == "openmetrics":
        context.echo(work.as_metrics(results).rstrip("\n"))
    else:
        shown = partial(work.text, width=_width(), full=full or bool(names))
        for line in as_lines(results, context.style(sys.stdout), shown):
            context.echo(line)
    failures.check()
    if context.json:
        context.show((), lambda: as_object(results, work.as_json))
    if check is not None and any(result.value.level.value in _BAD[check] for result in results):
        raise click.exceptions.Exit(3)


_BAD = {"problem": ("problem",), "warn": ("problem", "warning", "unknown")}


def _width() -> int:
    return max(shutil.get_terminal_size((100, 24)).columns, 60)
