"""Look at each database and change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from runner.engine.history.state import LockHolder, Operation, Partial, YoyoLock
from runner.engine.plan import Comparison, Situation, Standing, compare
from runner.events import Emit
from runner.files.migrations.migration import Kind
from runner.report.parts import at, mode
from runner.report.per_database import PerDatabase
from runner.report.terminal import Style
from runner.session.beside import remark
from runner.session.each import in_each
from runner.session.session import Session
from runner.settings import Settings
from runner.wording import counted, duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where one database stands."""

    comparison: Comparison
    newest: str | None  # the newest applied migration
    lock_holder: LockHolder | None = None
    yoyo_lock: YoyoLock | None = None
    remark: str | None = None  # that there are tables and no history

    @property
    def is_current(self) -> bool:
        """Whether nothing is pending, edited, outdated or missing."""
        return all(s.situation is Situation.APPLIED for s in self.comparison.standings)


def status(settings: Settings, *, emit: Emit) -> list[PerDatabase[Status]]:
    """Compare files and history of each database."""

    def look(session: Session) -> Status:
        beside = remark(session, settings)
        return Status(
            comparison=compare(session.files, session.state),
            newest=next((entry.id for entry in session.state.newest_first()), None),
            lock_holder=session.history.lock_holder(),
            yoyo_lock=session.state.yoyo_lock,
            remark=None if beside is None else beside.said,
        )

    return in_each(settings, emit, look)


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


def text(result: Status, style: Style) -> Iterator[str]:
    """Yield the lines of one database's standing."""
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
    where = at(result.newest) if result.remark is None else "; no history"
    if result.newest is None and result.comparison.all_in(Situation.PARTIAL):
        where = ""
    yield "  " + (", ".join(counts) or "no migrations") + where
    if result.remark is not None:
        yield "  " + style(result.remark, "yellow")
    if result.lock_holder is not None:
        yield "  " + style(f"the migration lock is held by {result.lock_holder}", "yellow")
    if result.yoyo_lock is not None:
        yield "  " + style(f"yoyo's lock is held by process {result.yoyo_lock.pid}", "yellow")


def _facts(standing: Standing, actor_width: int, style: Style) -> str:
    applied, partial = standing.applied, standing.partial
    if partial is not None:
        back = " rolled back" if partial.direction == "rollback" else ""
        more = "one" if partial.in_doubt == 1 else str(partial.in_doubt)
        doubt = f", {more} more in doubt" if partial.in_doubt else ""
        doubt += f", {partial.batch_rows:,} rows in batches" if partial.batch_rows else ""
        return style(f"{partial.done} of {counted(partial.total, 'statement')}{back}{doubt}", "red")
    if applied is None:
        if standing.failure is not None:
            return style(_failure(standing), "red" if standing.failed_as_it_is else "dim")
        if standing.migration is not None and not standing.migration.apply.transactional:
            return style(mode(standing.migration.apply), "dim")
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


def as_json(result: Status) -> dict[str, Any]:
    """Return where one database stands."""
    counts = {situation.value: len(result.comparison.all_in(situation)) for situation in Situation}
    return {
        "current": result.is_current,
        "newest": result.newest,
        "counts": {name: count for name, count in counts.items() if count},
        "lock": None if result.lock_holder is None else asdict(result.lock_holder),
        "remark": result.remark,
        "yoyo_lock": None if result.yoyo_lock is None else {"pid": result.yoyo_lock.pid},
        "migrations": [_standing(standing) for standing in result.comparison.standings],
    }


def _standing(standing: Standing) -> dict[str, Any]:
    applied, migration = standing.applied, standing.migration
    return {
        "id": standing.id,
        "situation": standing.situation.value,
        "kind": migration.kind.value
        if migration is not None
        else applied.kind
        if applied is not None
        else None,
        "path": None if migration is None else migration.apply.label,
        "checksum": None if migration is None else migration.checksum,
        "applied_at": None if applied is None else _moment(applied.recorded_at or applied.applied_at),
        "applied_by": None if applied is None else applied.actor,
        "db_user": None if applied is None else applied.db_user,
        "host": None if applied is None else applied.host,
        "git_commit": None if applied is None else applied.git_commit,
        "applied_checksum": None if applied is None else applied.checksum,
        "duration_ms": None if applied is None else applied.duration_ms,
        "rows": None if applied is None else applied.rows_affected,
        "partial": None if standing.partial is None else _partial(standing.partial),
        "failure": None if standing.failure is None else standing.failure.reason,
        "failure_of_this_version": standing.failed_as_it_is,
        "reversible": _reversible(standing),
    }


def _partial(partial: Partial) -> dict[str, Any]:
    return {
        "direction": partial.direction,
        "statements_done": partial.done,
        "statements": partial.total,
        "in_doubt": partial.in_doubt > 0,
        "statements_in_doubt": partial.in_doubt,
        "batch_rows": partial.batch_rows,
        "begun_at": _moment(partial.begun_at),
        "actor": partial.actor,
    }


def _reversible(standing: Standing) -> bool:
    if standing.migration is not None:
        return standing.migration.rollback is not None and standing.migration.irreversible is None
    return standing.applied is not None and standing.applied.reversible


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
