"""Results for people: aligned, one line a migration, a closing line that says where the database stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.engine.history.model import Operation
from runner.engine.plan import Action, Situation
from runner.files.migrations.model import Kind
from runner.wording import counted, duration, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from runner.commands.baseline import Adoption
    from runner.commands.doctor import Examined
    from runner.commands.migrate import Outcome
    from runner.commands.plan import PlanListing
    from runner.commands.repair import Mended
    from runner.commands.snapshot import Snapshot
    from runner.commands.status import Status
    from runner.commands.validate import Validated
    from runner.commands.wait import Waited
    from runner.engine.apply.progress import Done
    from runner.engine.history.model import LockHolder, YoyoLock
    from runner.engine.plan import Plan, Standing
    from runner.files.migrations.model import Script
    from runner.files.migrations.scaffold import NewPair
    from runner.report.terminal import Style
    from runner.schema.validate.compare import Validation

_VERBS = {
    Action.APPLY: ("applied", "green"),
    Action.REAPPLY: ("re-applied", "green"),
    Action.HOOK: ("ran", "green"),
    Action.ROLLBACK: ("rolled back", "yellow"),
}
_SITUATION_COLOURS = {
    Situation.APPLIED: "green",
    Situation.PENDING: "yellow",
    Situation.OUT_OF_ORDER: "red",
    Situation.FAILED: "red",
    Situation.PARTIAL: "red",
    Situation.OUTDATED: "yellow",
    Situation.EDITED: "red",
    Situation.MISSING: "red",
}


ID_WIDTH = 44  # lines are printed one by one, so the column is fixed; longer ids push their duration right


def done_line(done: Done, style: Style) -> str:
    """Return the line of one committed step."""
    verb, colour = _VERBS[done.step.action]
    return (
        f"  {style(verb.ljust(11), colour)}  {done.step.id.ljust(ID_WIDTH)}"
        f"  {style(duration(done.elapsed_s).rjust(8), 'dim')}"
        f"{'' if done.rows is None else style(f'  {done.rows:,} ' + ('row' if done.rows == 1 else 'rows'), 'dim')}"
    )


def heading(database: str, place: str, style: Style) -> str:
    """Return the line that opens a database's part."""
    return f"{style(database, 'bold')}  {style(place, 'dim')}"


def planned_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Yield one line for each step that would be run."""
    words = {
        Action.APPLY: "apply",
        Action.REAPPLY: "re-apply",
        Action.HOOK: "run",
        Action.ROLLBACK: "roll back",
    }
    width = max((len(words[step.action]) for step in plan.steps), default=0)
    for step in plan.steps:
        note = "" if step.script.transactional else style(f"  {_mode(step.script)}", "yellow")
        yield f"  {style(words[step.action].ljust(width), 'yellow')}  {step.id}{note}"


def closing(outcome: Outcome, style: Style, *, dry_run: bool) -> Iterator[str]:
    """Yield what changed and where the database stands, and how it compares with the snapshot."""
    at = _at(outcome.newest)
    left = f"; {outcome.plan.left} still pending" if outcome.plan.left else ""
    if dry_run:
        count = len(outcome.plan.steps)
        said = f"{counted(count, 'step')} would be run; nothing was changed" if count else "nothing to do"
        yield f"  {said}{at}"
    elif not outcome.done:
        said = "nothing to do" if outcome.plan.left else "up to date, nothing was written"
        yield f"  {style(said, 'green')}{at}{left}"
    else:
        rolled_back = outcome.done[0].step.action is Action.ROLLBACK
        verb = "rolled back" if rolled_back else "applied"
        count = sum(done.step.action is not Action.HOOK for done in outcome.done)
        said = f"{counted(count, 'migration')} {verb} in {duration(outcome.elapsed_s)}"
        yield f"  {style(said, 'green')}{at}{'' if rolled_back else left}"
    if outcome.validation is not None:
        yield f"  {_validation(outcome.validation, style)}"


def status(result: Status, style: Style) -> Iterator[str]:
    """Yield the lines of one database's standing."""
    yield heading(result.database, result.place, style)
    standings = result.comparison.standings
    id_width = max((len(s.id) for s in standings), default=0)
    word_width = max((len(s.situation.value) for s in standings), default=0)
    actor_width = max(
        (len(s.applied.actor or s.applied.db_user or "yoyo") for s in standings if s.applied), default=0
    )
    for standing in standings:
        word = style(standing.situation.value.ljust(word_width), _SITUATION_COLOURS[standing.situation])
        yield f"  {word}  {standing.id.ljust(id_width)}  {_facts(standing, actor_width, style)}".rstrip()
    counts = [
        f"{len(found)} {situation.value}"
        for situation in Situation
        if (found := result.comparison.all_in(situation))
    ]
    at = _at(result.newest) if result.remark is None else "; no history"
    if result.newest is None and result.comparison.all_in(Situation.PARTIAL):
        at = ""
    yield "  " + (", ".join(counts) or "no migrations") + at
    if result.remark is not None:
        yield "  " + style(result.remark, "yellow")
    if result.lock_holder is not None:
        yield "  " + style(f"the migration lock is held by {result.lock_holder}", "yellow")
    if result.yoyo_lock is not None:
        yield "  " + style(f"yoyo's lock is held by process {result.yoyo_lock.pid}", "yellow")


def plan_sql(result: PlanListing, style: Style) -> Iterator[str]:
    """Yield the SQL that would be run, as psql could run it, with what each part is as comments."""
    from runner.files.migrations.check import ends_with_semicolon

    yield style(f"-- {result.database}: {result.place}", "bold")
    if not result.plan.steps:
        yield "-- nothing to do"
    for warning in result.plan.warnings:
        yield style(f"-- warning: {warning}", "yellow")
    for step in result.plan.steps:
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
    if result.plan.left:
        yield ""
        yield f"-- {counted(result.plan.left, 'step')} left for later"


def validated(result: Validated, style: Style) -> Iterator[str]:
    """Yield how one database compares with its snapshot, and what else is to be said of its schema."""
    from runner.schema.validate.compare import described

    yield heading(result.database, result.place, style)
    validation = result.validation
    yield "  " + _validation(validation, style)
    for line in described(validation):
        yield f"  {line}"
    yield from diff_lines(validation.diff, style)
    for concern in result.concerns:
        yield f"  {style(concern.kind, 'yellow')}  {concern.subject}: {concern.message}"
        yield f"    {style('remedy:', 'cyan')} {concern.remedy}"


def diff_lines(diff: str, style: Style) -> Iterator[str]:
    """Yield a unified diff in its usual colours."""
    for line in diff.splitlines():
        colour = (
            "green"
            if line.startswith("+")
            else "red"
            if line.startswith("-")
            else "cyan"
            if line.startswith("@@")
            else ""
        )
        yield style(line, colour) if colour else line


def snapshot(result: Snapshot, style: Style, *, check: bool) -> Iterator[str]:
    """Yield what happened to one snapshot."""
    if not result.changed:
        yield f"{result.path}  {style('current', 'green')}"
    elif check:
        yield f"{result.path}  {style('stale', 'red')}"
        yield from diff_lines(result.diff, style)
    else:
        yield f"{result.path}  {style('written', 'yellow')}"
        yield from diff_lines(result.diff, style)


def adoption(result: Adoption, style: Style) -> Iterator[str]:
    """Yield what a baseline recorded."""
    yield heading(result.database, result.place, style)
    for id_ in result.recorded:
        yield f"  {style('recorded', 'green')}  {id_}"
    for difference in result.differences:
        yield f"  {style('accepted', 'yellow')}  {difference}"
    yield f"  {counted(len(result.recorded), 'migration')} recorded as applied, none was run"
    if result.others is not None:
        yield f"  {result.others}; runner does not read or change it"


def mended(result: Mended, style: Style) -> str:
    """Return what a repair recorded."""
    said = {
        Operation.REPAIR: f"noted  {result.id}: {result.what}",
        Operation.ACCEPT: f"accepted  {result.id} as it is now",
        Operation.FORGET: f"forgot  {result.id}: no longer in history, the schema is as it was",
        Operation.RENAME: f"renamed  {result.old_id} to {result.id}",
    }[result.operation]
    return f"{heading(result.database, result.place, style)}\n  {said}"


def waited(result: Waited, what: str, style: Style) -> str:
    """Return what was waited for, and how long."""
    return f"{heading(result.database, result.place, style)}  {style(what, 'green')} after {duration(result.elapsed_s)}"


_LEVEL_COLOURS = {"OK": "green", "WARNING": "yellow", "PROBLEM": "red"}


def examined(result: Examined, style: Style) -> Iterator[str]:
    """Yield what was found in one database, each with its remedy."""
    yield heading(result.database, result.place, style)
    for finding in result.findings:
        level = style(finding.level.value.ljust(7), _LEVEL_COLOURS[finding.level.name])
        yield f"  {level}  {finding.subject.ljust(10)}  {finding.message}"
        if finding.remedy:
            yield f"           {style('remedy:', 'cyan')} {finding.remedy}"


def new_pair(pair: NewPair, project: Path) -> str:
    """Return the two paths that were written."""
    return "\n".join(
        str(path.relative_to(project)) if path.is_relative_to(project) else str(path)
        for path in (pair.apply, pair.rollback)
    )


def waiting(holder: LockHolder | YoyoLock | None, waited_s: float) -> str:
    """Return the line that says for whom we wait, and once it takes long, for how long."""
    from runner.engine.history.model import YoyoLock

    if isinstance(holder, YoyoLock):
        said = f"waiting for yoyo's lock, held by process {holder.pid} of its machine"
    else:
        said = f"waiting for the migration lock, held by {holder or 'another session'}"
    return said if waited_s < 1 else f"{said}; {duration(waited_s)} so far"


def question(place: str, plan: Plan) -> str:
    """Return what is asked before a rollback."""
    ids = ", ".join(step.id for step in plan.steps[:5]) + (", …" if len(plan.steps) > 5 else "")
    return f"Roll back {counted(len(plan.steps), 'migration')} of {place}: {ids}?"


def _mode(script: Script) -> str:
    if script.batch is not None:
        return "in batches"
    return (
        "not transactional" if script.parallel == 1 else f"not transactional, {script.parallel} connections"
    )


def _facts(standing: Standing, actor_width: int, style: Style) -> str:
    applied, partial = standing.applied, standing.partial
    if partial is not None:
        back = " rolled back" if partial.direction == "rollback" else ""
        doubt = ", one more in doubt" if partial.in_doubt else ""
        doubt += f", {partial.batch_rows:,} rows in batches" if partial.batch_rows else ""
        return style(f"{partial.done} of {counted(partial.total, 'statement')}{back}{doubt}", "red")
    if applied is None:
        if standing.failure is not None:
            return style(_failure(standing), "red" if standing.failed_as_it_is else "dim")
        if standing.migration is not None and not standing.migration.apply.transactional:
            return style(_mode(standing.migration.apply), "dim")
        return ""
    when = _local(applied.recorded_at or applied.applied_at)
    who = (applied.actor or applied.db_user or "yoyo").ljust(actor_width)
    took = "" if applied.duration_ms is None else duration(applied.duration_ms / 1000).rjust(7)
    kind = f"  depends on {standing.follows}" if standing.follows else ""
    kind += "  repeatable" if applied.kind == Kind.REPEATABLE.value else ""
    baseline = "  baseline" if applied.operation is Operation.BASELINE else ""
    failed = style(f"  {_failure(standing)}", "red") if standing.failed_as_it_is else ""
    return style(f"{when:%Y-%m-%d %H:%M}  {who}  {took}{kind}{baseline}", "dim") + failed


def _failure(standing: Standing) -> str:
    if standing.failure is None:
        return ""
    earlier = "" if standing.failed_as_it_is else "an earlier version of the file failed: "
    return f"{standing.failure.recorded_at:%Y-%m-%d %H:%M}  {earlier}{standing.failure.reason}"


def _local(moment: datetime) -> datetime:
    return moment.astimezone()


def _validation(validation: Validation, style: Style) -> str:
    left = f"; {validation.pending} still pending" if validation.pending else ""
    if validation.skipped is not None:
        return style(f"not validated: {validation.skipped}", "yellow")
    if validation.matches:
        extra = f"; beside it: extension {', '.join(validation.beside)}" if validation.beside else ""
        if validation.unseen:
            extra += f"; not compared: {shortened(validation.unseen)}"
        if validation.set_aside:
            extra += f"; set aside: {', '.join(validation.set_aside)}"
        return style(f"schema validated against {validation.against}", "green") + left + extra
    return (
        style(f"{counted(len(validation.differences), 'difference')} from {validation.against}", "red") + left
    )


def _at(newest: str | None) -> str:
    return f"; at {newest}" if newest else "; empty"
