"""`runner status`, `plan`, `lint` and `validate`: they change nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from runner.cli.options import Context, ignore_option, read_settings, scratch_option, target_options

if TYPE_CHECKING:
    from runner.settings import Settings


@click.command()
@target_options
@ignore_option
@click.option("--check", is_flag=True, help="Exit with 3 unless everything is applied and unedited.")
@click.option(
    "--history", is_flag=True, help="Show the audit trail: who did what, when, from where; newest first."
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="N",
    help="With --history: at most N entries.",
)
@click.option(
    "--sql", "with_sql", is_flag=True, help="With --history: the SQL that was run, below each line."
)
@click.pass_obj
def status_command(
    context: Context, /, *, check: bool, history: bool, limit: int, with_sql: bool, **flags: Any
) -> None:
    """Show what is applied, pending, edited or missing. Changes nothing.

    \b
    runner status --check            for a pipeline: exit code 3 says that something is pending or wrong
    runner status --history --sql    who changed what, when, and with which SQL
    """
    if history:
        _show_history(context, read_settings(context, **flags), limit=limit, with_sql=with_sql)
        return
    from runner.fleet.inspect import status
    from runner.report import contract, people

    results = status(read_settings(context, **flags), say=context.tell)
    style = context.style(sys.stdout)
    context.show(
        (line for r in results for line in people.status(r, style)), lambda: contract.status(results)
    )
    if check and not all(result.is_current for result in results):
        raise click.exceptions.Exit(3)


def _show_history(context: Context, settings: Settings, *, limit: int, with_sql: bool) -> None:
    from runner.fleet.inspect import trails
    from runner.report import trail

    results = trails(settings, limit=limit, with_sql=with_sql or context.json, say=context.tell)
    style = context.style(sys.stdout)
    context.show((line for r in results for line in trail.text(r, style)), lambda: trail.as_json(results))


@click.command()
@target_options
@ignore_option
@click.option("--rollback", "back", is_flag=True, help="Show what rollback would run.")
@click.option("--to", metavar="ID", help="As for migrate, or with --rollback as for rollback.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="At most N.")
@click.option("--all", "everything", is_flag=True, help="With --rollback: every migration.")
@click.option("--allow-out-of-order", is_flag=True, help="Plan files below the newest applied one too.")
@click.pass_obj
def plan_command(
    context: Context,
    /,
    *,
    back: bool,
    to: str | None,
    steps: int | None,
    everything: bool,
    allow_out_of_order: bool,
    **flags: Any,
) -> None:
    """Show the exact SQL that would be run, in order. Changes nothing.

    \b
    runner plan -d carthub             what migrate would run
    runner plan -d carthub --rollback  what rollback would run
    """
    from runner.fleet.inspect import plans
    from runner.report import contract, people

    results = plans(
        read_settings(context, **flags),
        back=back,
        to=to,
        steps=steps,
        everything=everything,
        allow_out_of_order=allow_out_of_order,
        say=context.tell,
    )
    style = context.style(sys.stdout)
    context.show(
        (line for r in results for line in people.plan_sql(r, style)), lambda: contract.plans(results)
    )


@click.command()
@target_options
@ignore_option
@scratch_option
@click.option("--grants", is_flag=True, help="Rights beyond the snapshot's are a difference too.")
@click.option("--owners", is_flag=True, help="An owner other than the snapshot's is a difference too.")
@click.option("--strict", is_flag=True, help="Exit with 3 for a concern too, as an invalid index.")
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

    While files are pending it is compared with what the applied ones give, built in a scratch database, which is dropped.
    Exits with 3 and shows the difference as SQL when they are not the same. Tells too of invalid indexes,
    constraints that were never validated, disabled triggers, sequences near their end, and old extensions.

    \b
    runner validate -d carthub
    runner validate --owners --grants
    """
    from runner.fleet.inspect import validations
    from runner.report import contract, people

    settings = read_settings(context, **flags)
    results = validations(settings, grants=grants, owners=owners, scratch_url=scratch_url, say=context.tell)
    style = context.style(sys.stdout)
    context.show(
        (line for r in results for line in people.validated(r, style)), lambda: contract.validations(results)
    )
    if not all(result.validation.matches and not (strict and result.concerns) for result in results):
        raise click.exceptions.Exit(3)


@click.command()
@target_options
@click.option(
    "--base", metavar="REVISION", help="Only files that differ from where this branch left REVISION."
)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Show each finding, also those in files that the default branch has.",
)
@click.option("--strict", is_flag=True, help="Exit with 3 for warnings too.")
@click.option("--squawk/--no-squawk", default=None, help="Ask squawk too.  [default: where it is installed]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif", "junit"]),
    default="text",
    show_default=True,
    help="How findings are written.",
)
@click.pass_obj
def lint_command(
    context: Context,
    /,
    *,
    base: str | None,
    every: bool,
    strict: bool,
    squawk: bool | None,
    form: str,
    **flags: Any,
) -> None:
    """Check the files without a database. Changes nothing; exits with 3 when it finds errors.

    In a git repository, findings in files that the default branch has are counted but not shown: such a file may be
    applied somewhere, and an applied file is not edited.

    \b
    runner lint                       before every commit
    runner lint --all                 the whole history, each finding
    runner lint --base origin/main    what a branch changes
    runner lint --format sarif        for a code host
    """
    from runner.fleet.linting import findings
    from runner.report import findings as forms

    context.json = context.json or form == "json"
    settings = read_settings(context, **flags)
    results = findings(
        settings,
        base=base,
        squawk=squawk,
        levels=context.tables.get("lint"),
        every=every,
        say=context.say,
    )
    for line in forms.lines(results, "json" if context.json else form, context.style(sys.stdout)):
        context.echo(line)
    if any(result.errors or (strict and result.findings) for result in results):
        raise click.exceptions.Exit(3)
