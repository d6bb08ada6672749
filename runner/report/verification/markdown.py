"""A verification as a comment on a pull request: the answer first, all else folded; it shortens itself to what fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from runner.redaction import redacted
from runner.report.failure import error_as_text
from runner.report.terminal import Style
from runner.report.verification.words import (
    FAILED_ON,
    ROUND_TRIP,
    conclusion,
    counts,
    effects,
    ground,
    hint_parts,
    is_clean,
    place,
    planned,
    stops,
    strongest,
    trip_remarks,
    weighed,
)
from runner.review.verify import Verdict
from runner.wording import counted, duration, size

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

# Source: GitHub's answer to a longer comment, "body is too long (maximum is 65536 characters)"; counted in UTF-8 to be sure.
LIMIT_BYTES = 65_536
_RESERVE = 500  # for who adds a line to it
_SIGNS = {
    Verdict.PROVEN: "✅",
    Verdict.ROWS_DIFFER: "⚠️",
    Verdict.IRREVERSIBLE: "⚠️",
    Verdict.NO_ROLLBACK: "❌",
    Verdict.DIFFERS: "❌",
    Verdict.FAILED: "❌",
    Verdict.NOT_TRIED: "⏸️",
}
_LEVELS = {"error": "🔴", "warning": "🟡"}
_LONG_DIFF, _LONG_SQL = 60, 400  # lines of a diff, letters of a statement


def as_markdown(results: Sequence[Verification]) -> str:
    """Return the whole report, or as much as a comment holds: first the details go, from the last migration on."""
    parts = [_Part.of(result) for result in results]
    head = f"## Database change: {conclusion(results)}\n\n"
    blocks = [block for part in parts for block in part.details]
    kept = len(blocks)
    while True:
        text = head + "\n".join(part.text(blocks[:kept]) for part in parts)
        left = len(blocks) - kept
        if left:
            text += f"\n> {counted(left, 'migration')} not shown in detail here, for want of room: see the HTML report.\n"
        if len(text.encode()) <= LIMIT_BYTES - _RESERVE:
            return text
        if not kept:
            return _cut(text)
        kept -= max(1, kept // 8)


def _cut(text: str) -> str:
    note = "\n\n> The rest is not shown here, for want of room: see the HTML report.\n"
    room = LIMIT_BYTES - _RESERVE - len(note.encode())
    short = text.encode()[:room].decode(errors="ignore")
    return _closed(short[: short.rfind("\n")]) + note


def _closed(text: str) -> str:
    """Close what was open where the text was cut."""
    if text.count("\n```") % 2:
        text += "\n```"
    return text + "\n</details>" * (text.count("<details>") - text.count("</details>"))


class _Part:
    """One database: its summary, and what is folded for each migration."""

    def __init__(self, summary: str, details: list[str]) -> None:
        self.summary = summary
        self.details = details

    @classmethod
    def of(cls, result: Verification) -> _Part:
        lines = [
            f"### {_plain(result.database)}",
            "",
            f"{_sentence(ground(result))}; {duration(result.elapsed_s)}.",
            "",
            *_table(
                ("", "migration", "round trip", "strongest lock", "findings"),
                [_row(rehearsal, result) for rehearsal in result.rehearsals],
            ),
        ]
        if result.findings:
            lines += ["", "#### Findings", ""]
            lines += [line for finding in result.findings for line in _finding(finding)]
        if result.statements is not None:
            lines += ["", f"{_sentence(planned(result.statements))}."]
            lines += [
                f"- not planned: {_code(name)}: {_plain(why)}" for name, why in result.statements.not_planned
            ]
        if result.surroundings is not None:
            lines += ["", *_around(result.surroundings)]
        details = ["\n".join(_details(rehearsal, result)) for rehearsal in result.rehearsals]
        return cls("\n".join(lines) + "\n", details)

    def text(self, kept: Sequence[str]) -> str:
        return "\n".join((self.summary, *(block for block in self.details if block in kept)))


def _row(rehearsal: Rehearsal, result: Verification) -> Sequence[str]:
    trip = rehearsal.round_trip
    lock = strongest(rehearsal)
    told = "–" if lock is None else f"{lock.mode} on {_code(lock.relation)}"
    found = counts(result.findings_of(rehearsal))
    sign = _SIGNS[trip.verdict] if is_clean(result, rehearsal) or not rehearsal.ok else "⚠️"
    return (sign, _code(rehearsal.id), trip.verdict.value, told, "–" if found == "nothing" else found)


def _finding(finding: Finding) -> Iterator[str]:
    yield "<details>"
    sign = _LEVELS.get(finding.level.value, "")
    yield (
        f"<summary>{sign} <b>{finding.level.value}</b> {_html(finding.message)}"
        f" · <code>{_html(place(finding))}</code></summary>"
    )
    yield ""
    if finding.effect:
        yield _plain(finding.effect)
        yield ""
    if finding.hint:
        sentence, text, language = hint_parts(finding.hint)
        yield f"Safer: {_plain(sentence)}".rstrip()
        if text:
            yield from _block(language, text)
        yield ""
    yield f"Rule {_code(finding.rule)}"
    yield ""
    yield "</details>"


def _details(rehearsal: Rehearsal, result: Verification) -> Iterator[str]:
    trip = rehearsal.round_trip
    sign = _SIGNS[trip.verdict] if is_clean(result, rehearsal) or not rehearsal.ok else "⚠️"
    yield ""
    yield "<details>"
    yield f"<summary>{sign} <code>{_html(rehearsal.id)}</code> statement by statement, schema, round trip</summary>"
    yield ""
    yield f"{_code(rehearsal.path)}{'' if rehearsal.transactional else ', without a transaction around it'}"
    yield ""
    if rehearsal.statements:
        yield from _table(
            ("line", "statement", "takes", "does", "WAL", "time"),
            [_statement(trace, result.surroundings) for trace in rehearsal.statements],
        )
        yield ""
    if rehearsal.diff:
        yield "Schema:"
        yield from _block("diff", _short(rehearsal.diff))
        yield ""
    yield from _trip(trip)
    yield "</details>"


def _statement(trace: StatementTrace, around: Surroundings | None) -> Sequence[str]:
    weight: Callable[[TableLock], str] = lambda lock: weighed(  # noqa: E731
        lock, None if around is None else around.weight(lock.relation)
    )
    takes = [f"{lock.mode} on {_plain(weight(lock))}: {stops(lock.mode)}" for lock in trace.locks]
    does = [_plain(effect) for effect in effects(trace)]
    does += [
        f"while {_plain(str(lock))} is still held"
        for lock in trace.held
        if lock.mode.stops_writes and (does or takes)
    ]
    text = " ".join(redacted(trace.text).split())
    return (
        str(trace.where.line or ""),
        _code(text if len(text) <= _LONG_SQL else text[:_LONG_SQL] + " …"),
        "<br>".join(takes) or "–",
        "<br>".join(does) or "–",
        size(trace.wal_bytes),
        duration(trace.elapsed_ms / 1000),
    )


def _trip(trip: RoundTrip) -> Iterator[str]:
    yield f"Round trip: {ROUND_TRIP[trip.verdict]}"
    yield ""
    for remark in trip_remarks(trip):
        yield f"- {_plain(remark)}"
        yield ""
    for differences, diff, what in (
        (trip.after_rollback, trip.rollback_diff, "The rollback does not restore the schema:"),
        (trip.after_again, trip.again_diff, "Applied again, it gives another schema:"),
    ):
        if differences:
            yield f"{what} {', '.join(_code(str(each)) for each in differences)}"
            yield from _block("diff", _short(diff))
            yield ""
    if trip.error is not None and trip.failed_on is not None:
        yield _sentence(FAILED_ON[trip.failed_on]) + ":"
        yield from _block("", error_as_text(trip.error, Style()))
        yield ""


def _around(found: Surroundings) -> Iterator[str]:
    yield f"#### On {_plain(found.place)}, read only"
    yield ""
    if found.weights:
        rows = [
            (
                _code(weight.relation),
                f"{weight.rows:,}",
                size(weight.size_bytes),
                "–" if weight.writes_per_s is None else f"{weight.writes_per_s:.0f}",
            )
            for weight in found.weights
        ]
        yield from _table(("table", "rows", "size", "writes/s"), rows)
        yield ""
    for held in found.long_transactions:
        who = _plain(held.application or held.user or "somebody")
        yield f"- transaction of {who} (pid {held.pid}), open for {duration(held.age_s)}: a lock of ours waits for it"
    if not found.long_transactions:
        yield "- no transaction is older than a minute"
    yield from (f"- replica {_plain(replica)}" for replica in found.replicas)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _block(language: str, text: str) -> Iterator[str]:
    """Yield a fenced block whose fence no line of the text can close."""
    fence = "```"
    while fence in text:
        fence += "`"
    yield f"{fence}{language}"
    yield text.rstrip("\n")
    yield fence


def _short(diff: str) -> str:
    lines = diff.splitlines()
    if len(lines) <= _LONG_DIFF:
        return diff
    return "\n".join([*lines[:_LONG_DIFF], f"… {len(lines) - _LONG_DIFF} more lines: see the HTML report"])


def _code(text: str) -> str:
    """Return text as code, in a table's cell too, whatever is in it."""
    return f"<code>{_html(text)}</code>"


def _html(text: str) -> str:
    return _plain(text).replace("\n", " ")


_SPECIAL = {ord(sign): f"&#{ord(sign)};" for sign in "&<>|*`[]~\\@#"}
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")  # an underscore inside a word is only one


def _plain(text: str) -> str:
    """Return text with nothing in it that Markdown, HTML or a mention could be made of."""
    return _EMPHASIS.sub("&#95;", text.translate(_SPECIAL))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
