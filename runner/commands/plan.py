"""`runner plan`: what the next run would do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from runner.engine.apply.run import check_plan
from runner.engine.history.state import State
from runner.engine.plan import Plan
from runner.events import Emit
from runner.files.migrations.units import ends_with_semicolon
from runner.report.parts import step_as_json
from runner.report.per_database import PerDatabase
from runner.report.terminal import Style
from runner.session.beside import remark
from runner.session.each import in_each
from runner.session.session import Session
from runner.settings import Settings
from runner.wording import counted


def plans(
    settings: Settings,
    *,
    back: bool,
    to: str | None,
    steps: int | None,
    everything: bool,
    allow_out_of_order: bool,
    emit: Emit,
) -> list[PerDatabase[Plan]]:
    """Return what `migrate`, or with `back` what `rollback`, would run; its files are checked as they check them.

    Raises: as they do.
    """

    def look(session: Session) -> Plan:
        if back:
            plan = session.plan_rollback(to=to, steps=steps, everything=everything)
        else:
            plan = session.plan_apply(to=to, steps=steps, allow_out_of_order=allow_out_of_order)
            found = remark(session, settings)
            if found is not None and plan.steps:
                refused = ": migrate refuses it" if found.is_refused else ""
                plan = replace(plan, warnings=(*plan.warnings, f"{found.said}{refused}. {found.ways}"))
        plan = replace(plan, warnings=(*plan.warnings, *_begun(plan, session.state)))
        check_plan(plan, session.connection)
        return plan

    return in_each(settings, emit, look)


def _begun(plan: Plan, state: State) -> Iterator[str]:
    """Yield what of a plan's steps is not run again, being in effect already."""
    for step in plan.steps:
        partial = state.partial.get(step.id)
        if partial is not None:
            rows = f", {counted(partial.batch_rows, 'row')} in batches" if partial.batch_rows else ""
            yield (
                f"{step.id} is begun: {partial.done} of {counted(partial.total, 'statement')}{rows} are in effect "
                "and are not run again"
            )


def text(result: PerDatabase[Plan], style: Style) -> Iterator[str]:
    """Yield the SQL that would be run, as psql could run it, with what each part is as comments."""
    plan = result.value
    yield style(f"-- {result.database}: {result.place}", "bold")
    if not plan.steps:
        yield "-- nothing to do"
    for warning in plan.warnings:
        yield style(f"-- warning: {warning}", "yellow")
    for step in plan.steps:
        how = (
            "one transaction"
            if step.script.transactional
            else "each statement again and again until it touches no row"
            if step.script.batch is not None
            else "statement by statement, each its own transaction"
        )
        yield ""
        yield style(f"-- {step.action.value} {step.id} ({step.script.label}): {how}", "cyan")
        if step.script.transactional:
            yield "BEGIN;"
        yield "".join(step.script.pieces()).rstrip()
        if not ends_with_semicolon(step.script):
            yield ";"
        if step.script.transactional:
            yield "COMMIT;"
    if plan.left:
        yield ""
        yield f"-- {counted(plan.left, 'step')} left for later"


def as_json(plan: Plan) -> dict[str, Any]:
    """Return the SQL that would be run."""
    return {
        "steps": [step_as_json(step) | {"sql": step.script.text} for step in plan.steps],
        "pending": plan.left,
        "warnings": list(plan.warnings),
    }
