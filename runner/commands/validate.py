"""`runner validate`: hold the schema that is there against what the files give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from runner.engine.plan import Comparison, Situation, compare
from runner.errors import CheckError, RunnerError, StoppedError
from runner.events import Emit
from runner.files.migrations.load import script_from_history
from runner.files.migrations.migration import Kind, Migration
from runner.report.parts import compared_line, diff_lines, validation_as_json
from runner.report.per_database import PerDatabase
from runner.report.terminal import Style
from runner.schema.catalog.objects import Catalog
from runner.schema.validate.compare import (
    Tolerance,
    Validation,
    described,
    found_cause,
    validate,
    validate_applied,
    way_out,
)
from runner.schema.validate.concern import Concern, concerns
from runner.session.beside import remark
from runner.session.each import in_each
from runner.session.scratch import build, scratch_session
from runner.session.session import Session
from runner.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """One database compared with its snapshot."""

    validation: Validation
    concerns: tuple[Concern, ...] = ()


def validations(
    settings: Settings,
    *,
    grants: bool = False,
    owners: bool = False,
    scratch_url: str | None = None,
    emit: Emit,
) -> list[PerDatabase[Validated]]:
    """Compare each database's catalog with its snapshot, and look at what no comparison shows.

    One with pending files is compared with what the applied ones give, built in a scratch database.
    """
    tolerance = Tolerance(ignore=settings.ignore, grants=grants, owners=owners)

    def look(session: Session) -> Validated:
        return Validated(
            validation=_validation(session, settings, tolerance, scratch_url, emit),
            concerns=tuple(concerns(session.connection)),
        )

    return in_each(settings, emit, look)


def _validation(
    session: Session, settings: Settings, tolerance: Tolerance, scratch_url: str | None, emit: Emit
) -> Validation:
    label = settings.label(session.layout.snapshot)
    comparison = compare(session.files, session.state)
    partial = comparison.all_in(Situation.PARTIAL)
    if partial:
        ids = ", ".join(standing.id for standing in partial)
        return Validation(snapshot=label, skipped=f"applied or rolled back in part: {ids}")
    if comparison.behind:
        return validate_while_pending(
            session, settings, comparison, tolerance=tolerance, scratch_url=scratch_url, emit=emit
        )
    found = validate(
        session.connection,
        session.layout.snapshot,
        label,
        exclude=(settings.migration_table,),
        name=session.place,
        files=session.files,
        tolerance=tolerance,
    )
    if not found.differences:
        return found
    try:
        _, expected = _built(session, settings, comparison, scratch_url, emit)
    except StoppedError:
        raise
    except RunnerError:
        return found  # the way out then begins with the question which of the two it is
    cause = found_cause(
        session.connection,
        session.layout.snapshot,
        expected,
        exclude=(settings.migration_table,),
        tolerance=tolerance,
    )
    return replace(found, cause=cause)


def validate_while_pending(
    session: Session,
    settings: Settings,
    comparison: Comparison,
    *,
    tolerance: Tolerance,
    scratch_url: str | None,
    emit: Emit,
) -> Validation:
    """Compare the database with what the files that history says are applied give; it is only read.

    Where these cannot be built the outcome says why, and what would make it possible.
    """
    pending = len(comparison.behind)
    skipped = Validation(snapshot=settings.label(session.layout.snapshot), pending=pending)
    if not session.state.applied:
        found = remark(session, settings)
        nothing = "nothing is applied yet; to apply the files: runner migrate"
        return replace(skipped, skipped=nothing if found is None else f"{found.said}. {found.ways}")
    try:
        files, expected = _built(session, settings, comparison, scratch_url, emit)
    except StoppedError:
        raise
    except RunnerError as error:
        where = "" if error.where is None else f" at {error.where}"
        way = error.hint or "Name a server where the role may create a database with --scratch-url."
        return replace(
            skipped,
            skipped=f"{pending} still pending, and what is applied cannot be built: {error.message}{where}. {way}",
        )
    return validate_applied(
        session.connection,
        expected,
        skipped.snapshot,
        pending=pending,
        exclude=(settings.migration_table,),
        name=session.place,
        files=[m for m in files if m.kind is not Kind.HOOK],
        tolerance=tolerance,
    )


def _built(
    session: Session, settings: Settings, comparison: Comparison, scratch_url: str | None, emit: Emit
) -> tuple[list[Migration], Catalog]:
    files = applied_files(session, comparison)
    with scratch_session(settings, session.layout, files, url=scratch_url, emit=emit) as scratch:
        return files, build(scratch, settings, other_owners=True)


def applied_files(session: Session, comparison: Comparison) -> list[Migration]:
    """Return what is applied in the order of the files, each as it was applied.

    What was edited, is to run again, or has no file any more is taken from history. A file of a database that is ahead
    follows what was applied before it. A post-apply counts unless it has yet to run.

    Raises: CheckError where history does not keep one of them.
    """
    situations: Mapping[str, Situation] = {s.id: s.situation for s in comparison.standings}
    files = {m.id: m for m in session.files}
    chosen = []
    for migration in session.files:
        if migration.id in session.state.applied:
            as_it_was = situations[migration.id] in {Situation.EDITED, Situation.OUTDATED}
            chosen.append(_as_applied(session, migration.id, migration) if as_it_was else migration)
        elif migration.kind is Kind.HOOK and not session.state.hook_due:
            chosen.append(migration)
    before = None
    for id_ in session.state.applied:
        if id_ not in files:
            place = next((n for n, m in enumerate(chosen, 1) if m.id == before), 0)
            chosen.insert(place, _as_applied(session, id_, None))
        before = id_
    return chosen


def _as_applied(session: Session, id_: str, file: Migration | None) -> Migration:
    stored = session.stored_sql(id_)
    if stored is None:
        raise CheckError(
            f"history does not keep the SQL of {id_}",
            hint=f"Check out the files as they were when {id_} was applied, and validate with these.",
        )
    script = script_from_history(id_, stored, transactional=None, project=session.project)
    if file is None:
        return Migration(id=id_, kind=Kind.VERSIONED, apply=script)
    return replace(file, apply=script)


def text(result: Validated, style: Style) -> Iterator[str]:
    """Yield how one database compares with its snapshot, and what else is to be said of its schema."""
    validation = result.validation
    yield "  " + compared_line(validation.in_short, style)
    for line in described(validation):
        yield f"  {line}"
    yield from diff_lines(validation.diff, style)
    if validation.differences:
        yield f"  {style('hint:', 'cyan')} {way_out(validation)}"
    for concern in result.concerns:
        yield f"  {style(concern.kind, 'yellow')}  {concern.subject}: {concern.message}"
        yield f"    {style('remedy:', 'cyan')} {concern.remedy}"


def as_json(result: Validated) -> dict[str, Any]:
    """Return how one database compares with its snapshot."""
    return {
        **validation_as_json(result.validation),
        "concerns": [
            {"kind": c.kind, "subject": c.subject, "message": c.message, "remedy": c.remedy}
            for c in result.concerns
        ],
    }
