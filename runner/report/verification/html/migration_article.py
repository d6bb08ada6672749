"""One migration: its statements as measured, the schema's difference, its round trip, its files with the findings at their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from runner.redaction import redacted
from runner.report.failure import error_as_text
from runner.report.page import NONE, code, diff, table
from runner.report.terminal import Style
from runner.report.verification.html.blocks import anchor, finding_note, line_anchor, mode_tag, verdict_tag
from runner.report.verification.words import FAILED_ON, ROUND_TRIP, effects, stops, trip_remarks, weighed
from runner.wording import duration, size

if TYPE_CHECKING:
    from runner.review.lint import Finding
    from runner.review.verify import (
        Rehearsal,
        RoundTrip,
        StatementTrace,
        Surroundings,
        TableLock,
        Verification,
    )


def migration_article(rehearsal: Rehearsal, result: Verification, number: int) -> Iterator[str]:
    """Yield everything about one."""
    id_ = anchor(number, rehearsal)
    yield f'<article aria-labelledby="{id_}">'
    yield f'<h3 id="{id_}">{escape(rehearsal.id)} {verdict_tag(rehearsal)}</h3>'
    how = (
        "one transaction"
        if rehearsal.transactional
        else "statement by statement, without a transaction around them"
    )
    yield f'<p class="soft">{code(rehearsal.path)}: {how}, {duration(rehearsal.elapsed_s)} with its round trip</p>'
    if rehearsal.statements:
        yield from table(
            "Statements, as measured",
            ("line", "statement", "locks", "does", "rows", "WAL", "time"),
            [_statement(trace, result.surroundings) for trace in rehearsal.statements],
            numbers=(4, 5, 6),
        )
    yield "<h4>Schema</h4>"
    yield diff(rehearsal.diff) if rehearsal.diff else '<p class="soft">No difference.</p>'
    yield "<h4>Round trip</h4>"
    yield from _trip(rehearsal.round_trip)
    yield from _files(rehearsal, result, number)
    yield "</article>"


def _statement(trace: StatementTrace, around: Surroundings | None) -> Sequence[str]:
    does = [escape(effect) for effect in effects(trace)]
    kept = [lock for lock in trace.held if lock.mode.stops_writes]
    if kept and (does or trace.locks or trace.rows):
        does.append(
            "while still held: " + ", ".join(mode_tag(lock.mode) + f" {code(lock.relation)}" for lock in kept)
        )
    if trace.watched:
        does.append('<span class="soft">commits by itself; seen from a second session</span>')
    elif not trace.is_alone:
        does.append(
            '<span class="soft">measured among the others: locks that earlier ones hold are not seen again</span>'
        )
    return (
        f'<span class="narrow">line </span>{trace.where.line}',
        f'<code class="sql">{escape(redacted(trace.text))}</code>',
        _list([_lock(lock, around) for lock in trace.locks]),
        _list(does),
        NONE if trace.rows is None else f"{trace.rows:,}",
        size(trace.wal_bytes),
        duration(trace.elapsed_ms / 1000),
    )


def _list(items: Sequence[str]) -> str:
    if not items:
        return NONE
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _lock(lock: TableLock, around: Surroundings | None) -> str:
    weight = None if around is None else around.weight(lock.relation)
    who = f': <span class="soft">{stops(lock.mode)}</span>' if lock.mode.stops_writes else ""
    return f"{mode_tag(lock.mode)} {code(weighed(lock, weight))}{who}"


def _trip(trip: RoundTrip) -> Iterator[str]:
    yield f"<p>{escape(ROUND_TRIP[trip.verdict])}</p>"
    remarks = list(trip_remarks(trip))
    if remarks:
        yield f'<ul class="plain">{"".join(f"<li>{escape(remark)}</li>" for remark in remarks)}</ul>'
    for differences, text, what in (
        (trip.after_rollback, trip.rollback_diff, "The rollback does not restore the schema:"),
        (trip.after_again, trip.again_diff, "Applied again, it gives another schema:"),
    ):
        if differences:
            yield f'<p class="bad">{what} {", ".join(code(str(each)) for each in differences)}</p>'
            yield diff(text)
    if trip.error is not None and trip.failed_on is not None:
        said = FAILED_ON[trip.failed_on]
        yield f'<p class="bad">{escape(said[:1].upper() + said[1:])}:</p>'
        yield f'<pre tabindex="0" aria-label="error">{escape(error_as_text(trip.error, Style()))}</pre>'


def _files(rehearsal: Rehearsal, result: Verification, number: int) -> Iterator[str]:
    for path, sql in (
        (rehearsal.path, rehearsal.sql),
        (rehearsal.rollback_path, rehearsal.rollback_sql),
    ):
        if path is None:
            continue
        found = [finding for finding in result.findings if str(finding.where.path) == path]
        yield f"<h4>{escape(path)}</h4>"
        if sql is None:
            yield '<p class="soft">The file is too large to show.</p>'
            for finding in found:
                yield from finding_note(finding)
            continue
        yield '<div class="source">'
        for finding in found:
            if finding.where.line is None:
                yield from finding_note(finding)
        yield from _lines(sql, found, partial(line_anchor, number, rehearsal, path))
        yield "</div>"


def _lines(sql: str, found: Sequence[Finding], id_of: Callable[[int], str]) -> Iterator[str]:
    at: dict[int, list[Finding]] = {}
    for finding in found:
        if finding.where.line is not None:
            at.setdefault(finding.where.line, []).append(finding)
    for line, text in enumerate(sql.removesuffix("\n").split("\n"), 1):
        here = at.get(line, [])
        marked = ""
        if here:
            marked = " marked" + ("" if any(f.level.value == "error" for f in here) else " warning")
        kind = " comment" if text.lstrip().startswith("--") else ""
        yield (
            f'<div class="row{marked}" id="{id_of(line)}"><span class="no">{line}</span>'
            f'<span class="text{kind}">{escape(text)}</span></div>'
        )
        for finding in here:
            yield from finding_note(finding)
