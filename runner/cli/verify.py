"""`runner verify`: changes only its own scratch database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from runner import atomic_write
from runner.cli.group import GroupedCommand
from runner.cli.options import Context, read_settings, scratch_option, target_options
from runner.errors import UsageError

_FORMS = ("text", "markdown", "html", "json", "sarif", "junit", "github")


class Report(click.ParamType):  # type: ignore[type-arg]  # generic in Click 8.3 only
    """A format and the file for it: html=build/report.html."""

    name = "report"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Path]:
        """Return form and file."""
        form, _, name = str(value).partition("=")
        if form not in _FORMS or not name:
            self.fail(f"{value!r} is not FORMAT=FILE; the formats are {', '.join(_FORMS)}", param, ctx)
        return form, Path(name)


@click.command(cls=GroupedCommand)
@target_options
@scratch_option
@click.option("--all", "everything", is_flag=True, help="Rehearse every file.")
@click.option("--since", metavar="ID", help="Rehearse the files after this one.")
@click.option("--base", metavar="REVISION", help="Rehearse files changed since this branch left REVISION.")
@click.option(
    "--target", "weigh", is_flag=True, help="Show size and load of the tables on the real target, read only."
)
@click.option(
    "--no-lint", is_flag=True, help="Report only what was measured, not lint's findings in the files."
)
@click.option(
    "--statements/--no-statements",
    default=None,
    help="Plan the application's statements before and after each file.  [default: if sql/statements/ has some]",
)
@click.option(
    "--statements-from",
    metavar="SOURCE",
    help="Where they are: a file or folder, git:REVISION:PATH for those of a release, or target for its pg_stat_statements.",
)
@click.option(
    "--statements-new",
    metavar="PATH",
    help="The statements of the next release, which are planned before and after each rollback.",
)
@click.option("--as", "role", metavar="ROLE", help="Plan the statements as this role of the application.")
@click.option("--strict", is_flag=True, help="Exit with 3 for any finding too.")
@click.option(
    "--format", "form", type=click.Choice(_FORMS), default="text", show_default=True, help="Output format."
)
@click.option(
    "--report",
    "reports",
    type=Report(),
    multiple=True,
    metavar="FORMAT=FILE",
    help="Also write a report to a file: html=report.html; may be repeated.",
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
    no_lint: bool,
    statements: bool | None,
    statements_from: str | None,
    statements_new: str | None,
    role: str | None,
    strict: bool,
    form: str,
    reports: tuple[tuple[str, Path], ...],
    scratch_url: str | None,
    **flags: Any,
) -> None:
    """Rehearse migrations: locks, rewrites, scans, rollback.

    Runs in a scratch database, which is dropped afterwards; by default what is pending on the target. Exits with 3
    if a migration fails or its rollback does not undo it.

    \b
    runner verify -d carthub                   what is pending
    runner verify --all                        every file
    runner verify --base origin/main --target  a branch, with the sizes of the real tables
    runner verify --statements-from target     what breaks the statements that production runs now
    runner verify --report html=report.html    with a page for approvers
    """
    from runner.commands.lint import project_levels
    from runner.commands.verify import VerifyOptions, verifications
    from runner.report.verification import rendered

    if sum((everything, since is not None, base is not None)) > 1:
        raise UsageError("--all, --since and --base exclude each other")
    if statements is False and (statements_from or statements_new or role):
        raise UsageError("--no-statements excludes --statements-from, --statements-new and --as")
    context.json = context.json or form == "json"
    settings = read_settings(context, **flags)
    results = verifications(
        settings,
        VerifyOptions(
            everything=everything,
            since=since,
            base=base,
            weigh=weigh,
            scratch_url=scratch_url,
            lint=not no_lint,
            statements=statements,
            statements_from=statements_from,
            statements_new=statements_new,
            role=role,
            levels=project_levels(context.tables.get("lint") or {}, settings.project),
        ),
        emit=context.emit,
    )
    for written, path in reports:
        atomic_write.write(path, rendered(results, written), parents=True)
    context.echo(
        rendered(results, "json" if context.json else form, context.style(sys.stdout)).removesuffix("\n")
    )
    if not all(result.ok and not (strict and result.findings) for result in results):
        raise click.exceptions.Exit(3)
