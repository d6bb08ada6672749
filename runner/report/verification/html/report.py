"""The page: the answer, the numbers, what was found, the picture, then migration by migration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from runner.files.sqltext.lock_modes import LockMode
from runner.report.diagram import LEGEND, as_svg, in_words, picture_of_change
from runner.report.page import NONE, code, page, table, tag
from runner.report.verification.html.blocks import anchor, finding_block, mode_tag, verdict_tag
from runner.report.verification.html.migration_article import migration_article
from runner.report.verification.words import conclusion, counts, ground, is_clean, planned, stops, strongest
from runner.schema.catalog.entities import entities
from runner.wording import counted, duration, size

if TYPE_CHECKING:
    from runner.report.diagram import Picture
    from runner.review.verify import Rehearsal, Surroundings, TableLock, Verification


def as_html(results: Sequence[Verification]) -> str:
    """Return the page."""
    names = ", ".join(
        result.database if result.place is None else f"{result.database}, for {result.place}"
        for result in results
    )
    kind = _kind(results)
    head = [
        f"<h1>Database change: {escape(names)}</h1>",
        f'<p class="verdict {kind}">{escape(conclusion(results))}</p>',
        *_origin(results),
    ]
    body = [
        line
        for number, result in enumerate(results, 1)
        for line in _database(result, number, several=len(results) > 1)
    ]
    return page(f"Database change: {names}", head, [*body, *_modes()])


def _kind(results: Sequence[Verification]) -> str:
    if not all(result.ok for result in results):
        return "bad"
    return "warn" if any(result.findings for result in results) else "good"


def _origin(results: Sequence[Verification]) -> Iterator[str]:
    first = results[0] if results else None
    said = []
    if first is not None and first.begun_at is not None:
        at = first.begun_at
        said.append(
            f'Rehearsed <time datetime="{at.isoformat(timespec="seconds")}">{at:%Y-%m-%d %H:%M} UTC</time>'
        )
    if first is not None and first.commit:
        said.append(f"commit {code(first.commit[:12])}")
    if said:
        yield f'<p class="soft">{", ".join(said)}</p>'


def _database(result: Verification, number: int, *, several: bool) -> Iterator[str]:
    yield f'<section aria-labelledby="d{number}">'
    yield f'<h2 id="d{number}">{escape(result.database) if several else "Summary"}</h2>'
    yield f'<p class="soft">{escape(ground(result))}</p>'
    if not result.rehearsals:
        yield "<p>Nothing to rehearse.</p></section>"
        return
    yield from _numbers(result)
    yield from table(
        "Migrations, in the order in which they are applied",
        ("migration", "round trip", "statements", "strongest lock", "findings"),
        [_row(rehearsal, result, number) for rehearsal in result.rehearsals],
        numbers=(2,),
    )
    if result.findings:
        yield f'<h2 id="f{number}">Findings</h2>'
        for finding in result.findings:
            yield from finding_block(finding, result, number)
    yield from _picture(result, number)
    if result.statements is not None:
        yield f"<h2>Statements of the application</h2><p>{escape(planned(result.statements))}.</p>"
        if result.statements.not_planned:
            found = result.statements.not_planned
            rows = "".join(f"<li><code>{escape(name)}</code>: {escape(why)}</li>" for name, why in found)
            yield f"<p>Not planned:</p><ul>{rows}</ul>"
    if result.surroundings is not None:
        yield from _around(result.surroundings)
    yield "<h2>Migration by migration</h2>"
    for rehearsal in result.rehearsals:
        yield from migration_article(rehearsal, result, number)
    yield "</section>"


def _numbers(result: Verification) -> Iterator[str]:
    lock = max(filter(None, map(strongest, result.rehearsals)), key=lambda lock: lock.mode, default=None)
    proven = sum(rehearsal.ok for rehearsal in result.rehearsals if not rehearsal.rows_differ)
    wal = sum(trace.wal_bytes for rehearsal in result.rehearsals for trace in rehearsal.statements)
    rewritten = {
        name for rehearsal in result.rehearsals for trace in rehearsal.statements for name in trace.rewritten
    }
    yield '<dl class="numbers">'
    for term, value in (
        ("Proven", f"{proven} of {counted(len(result.rehearsals), 'migration')}"),
        ("Findings", escape(counts(result.findings))),
        ("Strongest lock", "none" if lock is None else _lock(lock)),
        ("Tables rewritten", escape(", ".join(sorted(rewritten)) or "none")),
        ("WAL, with the seed's rows", size(wal)),
        ("Rehearsal took", duration(result.elapsed_s)),
    ):
        yield f"<div><dt>{escape(term)}</dt><dd>{value}</dd></div>"
    yield "</dl>"


def _lock(lock: TableLock) -> str:
    return f"{mode_tag(lock.mode)} {code(lock.relation)}"


def _row(rehearsal: Rehearsal, result: Verification, number: int) -> Sequence[str]:
    lock = strongest(rehearsal)
    found = result.findings_of(rehearsal)
    told = NONE
    if found:
        told = tag(counts(found), "warn" if is_clean(result, rehearsal) else "bad")
    return (
        f'<a href="#{anchor(number, rehearsal)}">{escape(rehearsal.id)}</a>',
        verdict_tag(rehearsal),
        str(len(rehearsal.statements)),
        NONE if lock is None else _lock(lock),
        told,
    )


def _picture(result: Verification, number: int) -> Iterator[str]:
    shown = _drawn(result)
    if not shown.boxes:
        return
    title = "The touched tables, with those that they refer to"
    yield f'<h2 id="p{number}">Picture</h2>'
    yield f'<div class="picture" tabindex="0" role="group" aria-label="{title}">'
    yield as_svg(shown, title=title, id_=f"erd{number}")
    yield "</div>"
    yield f'<p class="soft">+ new, ~ changed, − dropped; {LEGEND}</p>'
    yield f"<details><summary>The picture in words</summary><p>{escape(in_words(shown))}</p></details>"


def _drawn(result: Verification) -> Picture:
    touched = {
        lock.relation
        for rehearsal in result.rehearsals
        for trace in rehearsal.statements
        for lock in trace.locks
        if lock.mode >= LockMode.SHARE_UPDATE_EXCLUSIVE or trace.scanned
    }
    return picture_of_change(entities(result.before), entities(result.after), touched)


def _around(found: Surroundings) -> Iterator[str]:
    yield "<h2>The real target</h2>"
    yield f'<p class="soft">{escape(found.place)}, read only; sizes with indexes and TOAST, rows as the planner estimates them</p>'
    if found.weights:
        yield from table(
            "Touched tables",
            ("table", "rows", "size", "writes/s"),
            [
                (
                    code(weight.relation),
                    f"{weight.rows:,}",
                    size(weight.size_bytes),
                    NONE if weight.writes_per_s is None else f"{weight.writes_per_s:.0f}",
                )
                for weight in found.weights
            ],
            numbers=(1, 2, 3),
        )
    yield '<ul class="plain">'
    for held in found.long_transactions:
        who = held.application or held.user or "somebody"
        state = f" ({held.state})" if held.state else ""
        said = f"Transaction of {who}{state}, pid {held.pid}, open for {duration(held.age_s)}: a lock of ours waits for it."
        yield f"<li>{escape(said)}</li>"
    if not found.long_transactions:
        yield "<li>No transaction is older than a minute.</li>"
    yield from (f"<li>Replica {escape(replica)}</li>" for replica in found.replicas)
    yield "</ul>"


def _modes() -> Iterator[str]:
    yield "<details><summary>What the lock modes stop</summary>"
    yield from table(
        "PostgreSQL manual, Explicit Locking; whoever waits for a lock makes all wait that come after",
        ("mode", "stops"),
        [(mode_tag(mode), escape(stops(mode))) for mode in reversed(LockMode)],
    )
    yield "</details>"
