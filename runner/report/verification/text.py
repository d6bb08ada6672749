"""A verification for a person at a terminal: what stops whom, what to write instead, and whether the way back is proven."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.files.sqltext.lock_modes import LockMode
from runner.redaction import redacted
from runner.report.failure import error_as_text
from runner.report.parts import diff_lines
from runner.report.verification.words import (
    FAILED_ON,
    counts,
    effects,
    hint_parts,
    in_numbers,
    planned,
    scratch,
    stops,
    trip_remarks,
    weighed,
)
from runner.review.verify import Verdict
from runner.wording import counted, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.report.terminal import Style
    from runner.review.lint import Finding
    from runner.review.verify import (
        Rehearsal,
        RoundTrip,
        StatementsPlanned,
        StatementTrace,
        Surroundings,
        TableLock,
        Verification,
    )
    from runner.schema.catalog.objects import Difference

WIDTH = 80
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# What is quoted stays whole, so that SQL stays the same; an apostrophe after a letter quotes nothing.
_WORD = re.compile(r"(?:(?<!\w)'(?:[^']|'')*'|(?<!\w)\"[^\"]*\"|\S)+")
_EXCERPT = re.compile(r"\s*\d* \| ")  # a line of a file, below which a mark stands
_WIDTH = 76
_VERDICT_COLOURS = {
    Verdict.PROVEN: "green",
    Verdict.ROWS_DIFFER: "yellow",
    Verdict.IRREVERSIBLE: "yellow",
    Verdict.NO_ROLLBACK: "red",
    Verdict.DIFFERS: "red",
    Verdict.FAILED: "red",
    Verdict.NOT_TRIED: "dim",
}


def lines(result: Verification, style: Style) -> Iterator[str]:
    """Yield one database's part; statements that take nothing from anybody are only counted."""
    for line in _lines(result, style):
        yield from folded(line)


def _lines(result: Verification, style: Style) -> Iterator[str]:
    yield f"{style(result.database, 'bold')}  {style(scratch(result), 'dim')}"
    if result.replayed:
        yield style(f"  {counted(result.replayed, 'migration')} replayed first", "dim")
    for rehearsal in result.rehearsals:
        yield from _rehearsal(rehearsal, result, style)
    if result.statements is not None:
        yield from _planned(result.statements, style)
    if result.surroundings is not None:
        yield from _around(result.surroundings, style)
    yield f"  {_closing(result, style)}"


def _rehearsal(rehearsal: Rehearsal, result: Verification, style: Style) -> Iterator[str]:
    trip = rehearsal.round_trip
    yield f"  {style(trip.verdict.value.ljust(12), _VERDICT_COLOURS[trip.verdict])}  {style(rehearsal.id, 'bold')}"
    findings = result.findings_of(rehearsal)
    quiet = 0
    for trace in rehearsal.statements:
        shown = list(_statement(trace, result.surroundings, style))
        quiet += not shown
        yield from shown
    if quiet and rehearsal.statements:
        others = "" if quiet == len(rehearsal.statements) else "other "
        count = counted(quiet, f"{others}statement")
        blocks = "blocks" if quiet == 1 else "block"
        yield f"      {style(f'{count} that {blocks} no query', 'dim')}"
    yield from _trip(trip, style)
    for finding in findings:
        if trip.error is None or finding.rule != "refused":  # or else it was reported with its place
            yield from _finding(finding, style)


def _statement(trace: StatementTrace, around: Surroundings | None, style: Style) -> Iterator[str]:
    done = list(effects(trace))
    locks = [lock for lock in trace.locks if lock.mode.stops_writes]
    kept = [lock for lock in trace.held if lock.mode.stops_writes]
    if not locks and not done:
        return
    start = textwrap.shorten(redacted(trace.text), _WIDTH - 14, placeholder=" …")
    yield f"      {style(f'line {trace.where.line}'.ljust(8), 'dim')}  {start}"
    for lock in locks:
        yield f"                {_lock(lock, around, style)}"
    for effect in done:
        yield f"                {style(effect, 'yellow')}"
    if kept and (done or locks):
        names = ", ".join(str(lock) for lock in kept)
        yield f"                {style(f'still held meanwhile: {names}', 'yellow')}"


def _lock(lock: TableLock, around: Surroundings | None, style: Style) -> str:
    weight = None if around is None else around.weight(lock.relation)
    return f"{style(str(lock.mode), _colour(lock.mode))} on {weighed(lock, weight)}: {stops(lock.mode)}"


def _colour(mode: LockMode) -> str:
    return "red" if mode.stops_reads else "yellow"


def _finding(finding: Finding, style: Style) -> Iterator[str]:
    colour = "red" if finding.level.value == "error" else "yellow"
    at = "" if finding.where.line is None else f" at line {finding.where.line}"
    yield f"      {style(f'{finding.level.value}:', colour)} {finding.message}"
    yield f"        {style(finding.rule + at, 'dim')}"
    if finding.effect is not None:
        yield from _wrapped(finding.effect, 8)
    if finding.hint is not None:
        yield f"        {style('safer:', 'cyan')}"
        yield from _hint(finding.hint)


def _hint(hint: str) -> Iterator[str]:
    """Yield the safer form; a difference of the schema is left out, for it stands above."""
    sentence, text, language = hint_parts(hint)
    if language == "diff":
        sentence, text = sentence.removesuffix("; it leaves:") + ".", ""
    yield from _wrapped(sentence, 10)
    yield from (f"          {line}" for line in text.splitlines())


def _wrapped(text: str, columns: int) -> list[str]:
    indent = " " * columns
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _trip(trip: RoundTrip, style: Style) -> Iterator[str]:
    for remark in trip_remarks(trip):
        yield f"      {style(remark, 'yellow') if trip.reason is None else remark}"
    yield from _difference(trip.after_rollback, trip.rollback_diff, "its rollback leaves", style)
    yield from _difference(trip.after_again, trip.again_diff, "applied again it leaves", style)
    if trip.failed_on is not None and trip.error is not None:
        yield f"      {style(FAILED_ON[trip.failed_on], 'red')}"
        yield textwrap.indent(error_as_text(trip.error, style), "      ")


def _difference(differences: Sequence[Difference], diff: str, what: str, style: Style) -> Iterator[str]:
    if differences:
        yield f"      {style(f'{what} the schema otherwise:', 'red')}"
        yield from (f"        {difference}" for difference in differences)
        yield from (f"        {line}" for line in diff_lines(diff, style))


def _planned(found: StatementsPlanned, style: Style) -> Iterator[str]:
    yield f"  {planned(found)}"
    for name, why in found.not_planned:
        yield "  " + style(f"not planned: {name}: {why}", "yellow")


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
    wrong = any(not rehearsal.ok for rehearsal in result.rehearsals)
    took = duration(result.elapsed_s)
    told = f"; {counts(result.findings)} found" if result.findings else ""
    between = ", in" if wrong or any(rehearsal.rows_differ for rehearsal in result.rehearsals) else " in"
    said = f"{in_numbers(result.rehearsals)}{between} {took}"
    return (
        style(f"{said}{told}", "red")
        if wrong
        else style(said, "green") + (style(told, "yellow") if told else "")
    )


def folded(text: str, width: int = WIDTH) -> Iterator[str]:
    """Yield each line of a text, broken where it is wider than `width` columns; colours do not count.

    What follows is indented by two columns more; of an SQL comment each part is one.
    """
    for line in text.split("\n"):
        plain = _COLOUR.sub("", line)
        if len(plain) <= width or _EXCERPT.match(plain):
            yield line
        else:
            yield from _broken(line, plain, width)


def _broken(line: str, plain: str, width: int) -> Iterator[str]:
    start = plain[: len(plain) - len(plain.lstrip())]
    following = f"{start}-- " if plain.lstrip().startswith("-- ") else f"{start}  "
    at, used, is_first = 0, 0, True
    part = ""
    for word in _WORD.finditer(line):
        columns = len(_COLOUR.sub("", word[0]))
        gap = line[at : word.start()]
        if not is_first and used + len(gap) + columns > width:
            yield part
            part, used = f"{following}{word[0]}", len(following) + columns
        else:
            part, used = f"{part}{gap}{word[0]}", used + len(gap) + columns
        at, is_first = word.end(), False
    yield part
