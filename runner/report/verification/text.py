"""A verification for a person at a terminal: what stops whom, and whether the way back is proven."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from runner.report.failure import error_as_text
from runner.report.people import diff_lines
from runner.trace import Verdict, Way
from runner.wording import counted, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.catalog import Difference
    from runner.report.terminal import Style
    from runner.trace import (
        LockMode,
        Rehearsal,
        RoundTrip,
        StatementTrace,
        Surroundings,
        TableLock,
        Verification,
    )

_WIDTH = 76
_VERDICT_COLOURS = {
    Verdict.PROVEN: "green",
    Verdict.IRREVERSIBLE: "yellow",
    Verdict.NO_ROLLBACK: "red",
    Verdict.DIFFERS: "red",
    Verdict.FAILED: "red",
    Verdict.NOT_TRIED: "dim",
}
_FAILED_ON = {
    Way.APPLY: "the server refused it",
    Way.ROLLBACK: "the server refused its rollback",
    Way.APPLY_AGAIN: "it cannot be applied again after its rollback",
}


def lines(result: Verification, style: Style) -> Iterator[str]:
    """Yield one database's part; statements that take nothing from anybody are only counted."""
    version = result.server_version // 10_000
    seed = f", {counted(result.seed_rows, 'row')} of {result.seed}" if result.seed_rows else ""
    yield f"{style(result.database, 'bold')}  {style(f'scratch database on PostgreSQL {version}{seed}', 'dim')}"
    if result.replayed:
        yield style(f"  {counted(result.replayed, 'migration')} replayed first", "dim")
    for rehearsal in result.rehearsals:
        yield from _rehearsal(rehearsal, result.surroundings, style)
    if result.surroundings is not None:
        yield from _around(result.surroundings, style)
    yield f"  {_closing(result, style)}"


def _rehearsal(rehearsal: Rehearsal, around: Surroundings | None, style: Style) -> Iterator[str]:
    trip = rehearsal.round_trip
    yield f"  {style(trip.verdict.value.ljust(12), _VERDICT_COLOURS[trip.verdict])}  {style(rehearsal.id, 'bold')}"
    quiet = 0
    for trace in rehearsal.statements:
        told = list(_statement(trace, around, style))
        quiet += not told
        yield from told
    if quiet and rehearsal.statements:
        most = "all of them" if quiet == len(rehearsal.statements) else "the others"
        count = counted(len(rehearsal.statements), "statement")
        yield f"      {style(f'{count}; {most} stop nobody', 'dim')}"
    yield from _trip(trip, style)


def _statement(trace: StatementTrace, around: Surroundings | None, style: Style) -> Iterator[str]:
    effects = [
        *(f"rewrites {name}" for name in trace.rewritten),
        *(f"empties {name}" for name in trace.emptied),
        *(f"reads all of {name}" for name in trace.scanned if name not in trace.rewritten),
        *(f"builds {name}" for name in trace.built),
    ]
    locks = [lock for lock in trace.locks if lock.mode.stops_writes]
    kept = [lock for lock in trace.held if lock.mode.stops_writes]
    if not locks and not effects:
        return
    start = textwrap.shorten(trace.text, _WIDTH - 14, placeholder=" …")
    yield f"      {style(f'line {trace.where.line}'.ljust(8), 'dim')}  {start}"
    for lock in locks:
        yield f"                {_lock(lock, around, style)}"
    for effect in effects:
        yield f"                {style(effect, 'yellow')}"
    if kept and (effects or locks):
        names = ", ".join(str(lock) for lock in kept)
        yield f"                {style(f'still held meanwhile: {names}', 'yellow')}"


def _lock(lock: TableLock, around: Surroundings | None, style: Style) -> str:
    weight = None if around is None else around.weight(lock.relation)
    heavy = "" if weight is None else f" ({size(weight.size_bytes)}{_writes(weight.writes_per_s)})"
    stops = "reads and writes wait" if lock.mode.stops_reads else "writes wait"
    return f"{style(str(lock.mode), _colour(lock.mode))} on {lock.relation}{heavy}: {stops}"


def _colour(mode: LockMode) -> str:
    return "red" if mode.stops_reads else "yellow"


def _writes(per_s: float | None) -> str:
    return "" if per_s is None else f", {per_s:.0f} writes/s"


def size(count: int) -> str:
    """Return a size as people read it: 41 GB."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1024:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"


def _trip(trip: RoundTrip, style: Style) -> Iterator[str]:
    if trip.reason is not None:
        yield f"      irreversible: {trip.reason}"
    for name in trip.loses:
        yield f"      {style(f'its rollback drops {name}, with what was written to it since', 'yellow')}"
    for name in trip.changed_rows:
        yield f"      {style(f'the rows of {name} are not what they were before it and its rollback', 'red')}"
    yield from _difference(trip.after_rollback, trip.rollback_diff, "its rollback leaves", style)
    yield from _difference(trip.after_again, trip.again_diff, "applied again it leaves", style)
    if trip.failed_on is not None and trip.error is not None:
        yield f"      {style(_FAILED_ON[trip.failed_on], 'red')}"
        yield textwrap.indent(error_as_text(trip.error, style), "      ")


def _difference(differences: Sequence[Difference], diff: str, what: str, style: Style) -> Iterator[str]:
    if differences:
        yield f"      {style(f'{what} the schema otherwise:', 'red')}"
        yield from (f"        {difference}" for difference in differences)
        yield from (f"        {line}" for line in diff_lines(diff, style))


def _around(found: Surroundings, style: Style) -> Iterator[str]:
    yield f"  {style(f'on {found.place}, read only:', 'bold')}"
    for held in found.long_transactions:
        who = held.application or held.user or "somebody"
        said = f"transaction of {who} (pid {held.pid}), open for {duration(held.age_s)}: a lock of ours waits for it"
        yield f"      {style(said, 'yellow')}"
    for replica in found.replicas:
        yield f"      replica {replica}"
    if not found.long_transactions:
        yield "      no transaction is older than a minute"


def _closing(result: Verification, style: Style) -> str:
    if not result.rehearsals:
        return style("nothing to rehearse; --all rehearses every file", "green")
    wrong = [rehearsal for rehearsal in result.rehearsals if not rehearsal.ok]
    took = duration(result.elapsed_s)
    if wrong:
        said = f"{len(wrong)} of {counted(len(result.rehearsals), 'migration')} not proven, in {took}"
        return style(said, "red")
    return style(f"{counted(len(result.rehearsals), 'migration')} proven up, down and up in {took}", "green")
