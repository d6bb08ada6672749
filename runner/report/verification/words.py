"""What every form of the report says in the same words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from runner.files.sqltext.lock_modes import LockMode
from runner.review.verify import Verdict, Way
from runner.wording import counted, listed, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.review.lint import Finding
    from runner.review.verify import (
        Rehearsal,
        RoundTrip,
        StatementsPlanned,
        StatementTrace,
        TableLock,
        Verification,
        Weight,
    )

FAILED_ON = {
    Way.APPLY: "the server refused it",
    Way.ROLLBACK: "the server refused its rollback",
    Way.APPLY_AGAIN: "it cannot be applied again after its rollback",
}
ROUND_TRIP = {
    Verdict.PROVEN: "Applied, rolled back and applied again: down gives the schema before, up again the schema after.",
    Verdict.ROWS_DIFFER: "Applied, rolled back and applied again: the schema is the same each time, the rows are not.",
    Verdict.IRREVERSIBLE: "Applied; the file says that there is no way back.",
    Verdict.NO_ROLLBACK: "Applied; there is no rollback file, so nothing undoes it.",
    Verdict.DIFFERS: "Applied, rolled back and applied again: the schema is not the same each time.",
    Verdict.FAILED: "Not done to its end: a file was refused by the server.",
    Verdict.NOT_TRIED: "Not tried, because a migration before it failed.",
}

_OK = {
    Verdict.PROVEN: "proven up, down and up",
    Verdict.ROWS_DIFFER: "with other rows after the rollback",
    Verdict.IRREVERSIBLE: "irreversible, proven up",
}


def stops(mode: LockMode) -> str:
    """Say who waits for a lock of this mode."""
    if mode.stops_reads:
        return "reads and writes wait"
    return "writes wait" if mode.stops_writes else "no query waits"


def effects(trace: StatementTrace) -> Iterator[str]:
    """Yield what a statement does that takes as long as a table is large."""
    yield from (f"rewrites {name}" for name in trace.rewritten)
    yield from (f"empties {name}" for name in trace.emptied)
    yield from (f"reads all of {name}" for name in trace.scanned if name not in trace.rewritten)
    yield from (f"builds {name}" for name in trace.built)


def weighed(lock: TableLock, weight: Weight | None) -> str:
    """Name a lock's relation, with the size and the writes of the real one."""
    if weight is None:
        return lock.relation
    writes = "" if weight.writes_per_s is None else f", {weight.writes_per_s:.0f} writes/s"
    return f"{lock.relation} ({size(weight.size_bytes)}{writes})"


def strongest(rehearsal: Rehearsal) -> TableLock | None:
    """Return the strongest lock that a migration takes."""
    locks = (trace.strongest for trace in rehearsal.statements)
    return max((lock for lock in locks if lock is not None), key=lambda lock: lock.mode, default=None)


def counts(findings: Sequence[Finding]) -> str:
    """Return "2 errors, 1 warning", or "nothing"."""
    errors = sum(finding.level.value == "error" for finding in findings)
    warnings = len(findings) - errors
    parts = (counted(errors, "error") if errors else "", counted(warnings, "warning") if warnings else "")
    return ", ".join(part for part in parts if part) or "nothing"


def conclusion(results: Iterable[Verification]) -> str:
    """Return the one sentence that a reviewer needs."""
    results = list(results)
    rehearsals = [rehearsal for result in results for rehearsal in result.rehearsals]
    if not rehearsals:
        return "Nothing to rehearse."
    found = [finding for result in results for finding in result.findings]
    told = (
        f"{counts(found)} found"
        if found
        else "nothing speaks against " + ("it" if len(rehearsals) == 1 else "them")
    )
    return f"{in_numbers(rehearsals)}; {told}."


def in_numbers(rehearsals: Sequence[Rehearsal]) -> str:
    """Return how many migrations are not proven; or how many are, how many but for their rows, and how many only up."""
    verdicts = Counter(rehearsal.round_trip.verdict for rehearsal in rehearsals)
    wrong, other_rows = sum(not rehearsal.ok for rehearsal in rehearsals), verdicts[Verdict.ROWS_DIFFER]
    if wrong:
        rows = f", {other_rows} {_OK[Verdict.ROWS_DIFFER]}" if other_rows else ""
        return f"{wrong} of {counted(len(rehearsals), 'migration')} not proven{rows}"
    parts: list[str] = []
    for verdict, said in _OK.items():
        if count := verdicts[verdict]:
            parts.append(f"{count if parts else counted(count, 'migration')} {said}")
    return "; ".join(parts)


def planned(found: StatementsPlanned) -> str:
    """Return how many of the application's statements were planned, and as whom."""
    role = "" if found.role is None else f", as {found.role}"
    return (
        f"{counted(found.count, 'statement')} of {found.source} planned before and after each migration{role}"
    )


def trip_remarks(trip: RoundTrip) -> Iterator[str]:
    """Yield what a round trip showed, but for differences of the schema and refusals."""
    if trip.reason is not None:
        yield f"irreversible: {trip.reason}"
    yield from (f"its rollback drops {name} and everything written to it since" for name in trip.loses)
    yield from (f"after its rollback {change}" for change in trip.changed_rows)
    yield from (f"after its rollback {note}" for note in trip.notes)
    yield from (
        f"the columns of {name} are in another order after it and its rollback; this does not count"
        for name in trip.column_order
    )


def scratch(result: Verification) -> str:
    """Say where it was rehearsed."""
    if not result.server_version:
        return "no scratch database was needed"
    seed = f", {counted(result.seed_rows, 'row')} of {result.seed}" if result.seed_rows else ""
    if result.seed_refused:
        lines = listed([refused.partition(":")[0] for refused in result.seed_refused])
        seed = f", {counted(result.seed_rows, 'row')} of {result.seed} ({lines} refused)"
    return f"scratch database on PostgreSQL {result.server_version // 10_000}{seed}"


def ground(result: Verification) -> str:
    """Say where it was rehearsed, and what had been applied there before."""
    replayed = f"; {counted(result.replayed, 'migration')} replayed first" if result.replayed else ""
    return f"{scratch(result)}{replayed}"


def place(finding: Finding) -> str:
    """Return file and line."""
    where = finding.where
    return str(where.path) if where.line is None else f"{where.path}:{where.line}"


def hint_parts(hint: str) -> tuple[str, str, str]:
    """Cut a finding's hint into a sentence, the text to copy, and the language of that."""
    first, _, rest = hint.partition("\n")
    if not rest:
        return first, "", ""
    if not first.endswith(":") or first.startswith("--"):
        return "", hint, "sql"
    return first, rest, "diff" if rest.startswith("--- ") else "sql"


def is_clean(result: Verification, rehearsal: Rehearsal) -> bool:
    """Return whether a migration is proven and has no error."""
    return rehearsal.ok and not any(f.level.value == "error" for f in result.findings_of(rehearsal))
