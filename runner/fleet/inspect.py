"""Look at each database and change nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from runner.events import Say
from runner.fleet.beside import remark
from runner.fleet.partway import validate_while_pending
from runner.fleet.session import Session, open_sessions
from runner.history import LockHolder, YoyoLock
from runner.plan import Comparison, Plan, Situation, compare, plan_apply, plan_rollback
from runner.settings import Settings
from runner.validate import Concern, Tolerance, Validation, concerns, validate

if TYPE_CHECKING:
    from runner.history import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where one database stands."""

    database: str
    place: str
    comparison: Comparison
    newest: str | None  # the newest applied migration
    lock_holder: LockHolder | None = None
    yoyo_lock: YoyoLock | None = None
    remark: str | None = None  # that there are tables and no history

    @property
    def is_current(self) -> bool:
        """Whether nothing is pending, edited, outdated or missing."""
        return all(s.situation is Situation.APPLIED for s in self.comparison.standings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What was done with one database's migrations, the newest first."""

    database: str
    place: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanListing:
    """What would be run on one database."""

    database: str
    place: str
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """One database compared with its snapshot."""

    database: str
    place: str
    validation: Validation
    concerns: tuple[Concern, ...] = ()


def status(settings: Settings, *, say: Say) -> list[Status]:
    """Compare files and history of each database."""
    with open_sessions(settings, say=say) as sessions:
        return [
            Status(
                database=session.title,
                place=session.place,
                comparison=compare(session.files, session.state),
                newest=next((entry.id for entry in session.state.newest_first()), None),
                lock_holder=session.history.lock_holder(),
                yoyo_lock=session.state.yoyo_lock,
                remark=None if (found := remark(session, settings)) is None else found.said,
            )
            for session in sessions
        ]


def trails(settings: Settings, *, limit: int, with_sql: bool, say: Say) -> list[Trail]:
    """Read each database's audit trail."""
    from runner.history import read_trail

    with open_sessions(settings, say=say) as sessions:
        return [
            Trail(
                database=session.title,
                place=session.place,
                entries=tuple(read_trail(session.history, limit=limit, with_sql=with_sql)),
            )
            for session in sessions
        ]


def plans(
    settings: Settings,
    *,
    back: bool,
    to: str | None,
    steps: int | None,
    everything: bool,
    allow_out_of_order: bool,
    say: Say,
) -> list[PlanListing]:
    """Return what `migrate`, or with `back` what `rollback`, would run; its files are checked as they check them.

    Raises: as they do.
    """
    from runner.apply import Listener, check_plan

    found = []
    with open_sessions(settings, say=say) as sessions:
        for session in sessions:
            if back:
                plan = plan_rollback(
                    session.files,
                    session.state,
                    to=to,
                    steps=steps,
                    everything=everything,
                    stored=session.stored_rollback,
                )
            else:
                plan = plan_apply(
                    session.files,
                    session.state,
                    to=to,
                    steps=steps,
                    allow_out_of_order=allow_out_of_order,
                    stored_sql=session.stored_sql,
                    begun_sql=session.begun_sql,
                )
                found_beside = remark(session, settings)
                if found_beside is not None and plan.steps:
                    refused = ": migrate refuses it" if found_beside.is_refused else ""
                    told = f"{found_beside.said}{refused}. {found_beside.ways}"
                    plan = replace(plan, warnings=(*plan.warnings, told))
            check_plan(plan, Listener())
            found.append(PlanListing(database=session.title, place=session.place, plan=plan))
    return found


def validations(
    settings: Settings,
    *,
    grants: bool = False,
    owners: bool = False,
    scratch_url: str | None = None,
    say: Say,
) -> list[Validated]:
    """Compare each database's catalog with its snapshot, and look at what no comparison shows.

    One with pending files is compared with what the applied ones give, built in a scratch database.
    """
    tolerance = Tolerance(ignore=settings.ignore, grants=grants, owners=owners)
    with open_sessions(settings, say=say) as sessions:
        return [
            Validated(
                database=session.title,
                place=session.place,
                validation=_validation(session, settings, tolerance, scratch_url, say),
                concerns=tuple(concerns(session.connection)),
            )
            for session in sessions
        ]


def _validation(
    session: Session, settings: Settings, tolerance: Tolerance, scratch_url: str | None, say: Say
) -> Validation:
    label = settings.label(session.layout.snapshot)
    comparison = compare(session.files, session.state)
    partial = comparison.all_in(Situation.PARTIAL)
    if partial:
        ids = ", ".join(standing.id for standing in partial)
        return Validation(snapshot=label, skipped=f"applied or rolled back in part: {ids}")
    if comparison.behind:
        return validate_while_pending(
            session, settings, comparison, tolerance=tolerance, scratch_url=scratch_url, say=say
        )
    return validate(
        session.connection,
        session.layout.snapshot,
        label,
        exclude=(settings.migration_table,),
        name=session.place,
        files=session.files,
        tolerance=tolerance,
    )
