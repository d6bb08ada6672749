"""What a second connection sees of a statement that is not done: a few lines, aligned with those of the steps."""

from __future__ import annotations

from runner.report.people import ID_WIDTH
from runner.report.terminal import Style
from runner.watch import Holder, Progress, Running, Unseen, Waiting
from runner.wording import counted

_SHOWN_HOLDERS = 3
_OPEN = ("active", "idle in transaction", "idle in transaction (aborted)")


def head(sighting: Waiting | Running | Unseen, style: Style) -> list[str]:
    """Return what the statement is at; for a wait, the second line says for what and who waits behind it."""
    if isinstance(sighting, Waiting):
        behind = f"; {_waits(sighting.queued_behind)} behind us" if sighting.queued_behind else ""
        return [
            _first("waiting", "yellow", sighting.what, sighting.waited_s, style),
            f"    {_wanted(sighting)}{behind}",
        ]
    first = _first("running", "cyan", sighting.what, sighting.elapsed_s, style)
    if isinstance(sighting, Unseen):
        return [first, style(f"    nothing can be seen of it: {sighting.reason}", "dim")]
    if sighting.progress is None:
        return [first]
    on = f" on {sighting.progress.relation}" if sighting.progress.relation else ""
    return [first, f"    {sighting.progress.command}{on}"]


def blockers(sighting: Waiting, style: Style) -> list[str]:
    """Return who keeps the statement waiting, with what each did last."""
    lines = []
    for holder in sighting.holders[:_SHOWN_HOLDERS]:
        lines.append(f"    {_blocker(holder)}")
        if holder.statement:
            lines.append(style(f"      {holder.statement}", "dim"))
    more = len(sighting.holders) - _SHOWN_HOLDERS
    if more > 0:
        lines.append(f"    and by {counted(more, 'more session')}")
    return lines


def progress_words(progress: Progress) -> str:
    """Return the phase and how much of it is done."""
    percent = "" if progress.percent is None else f"{progress.percent:3.0f} %  "
    return f"{percent}{progress.phase}{_amount(progress)}"


def age(seconds: float) -> str:
    """Return a time that goes on, in whole seconds: 12 s, 2 min 5 s, 3 h 20 min, 2 d 4 h."""
    whole = int(seconds)
    for size, unit, part_size, part in (
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // part_size} {part}"
    return f"{whole} s"


def _first(verb: str, colour: str, what: str, seconds: float, style: Style) -> str:
    return f"  {style(verb.ljust(11), colour)}  {what.ljust(ID_WIDTH)}  {style(age(seconds).rjust(8), 'dim')}"


def _waits(count: int) -> str:
    return f"{counted(count, 'session')} {'waits' if count == 1 else 'wait'}"


def _wanted(waiting: Waiting) -> str:
    progress = waiting.progress
    if waiting.kind == "virtualxid":
        done = f", {progress.done or 0} of {progress.total} did" if progress and progress.total else ""
        return f"for older transactions to end{done}"
    if waiting.kind in {"transactionid", "spectoken"}:
        return "for a transaction to end that changed the same row or key"
    if waiting.kind == "advisory":
        return f"for advisory lock {waiting.wanted}"
    if waiting.kind in {"relation", "object"}:
        return f"for {waiting.mode} on {waiting.wanted or 'something that has no name yet'}"
    return f"for a {waiting.kind} of {waiting.wanted or 'a table'}"


def _blocker(holder: Holder) -> str:
    if holder.pid is None:
        opened = f", prepared {age(holder.transaction_age_s or 0)} ago"
        return f'blocked by the prepared transaction "{holder.prepared}" of {holder.user}{opened}'
    names = ", ".join(filter(None, (holder.user, holder.application, holder.background)))
    who = f"pid {holder.pid}" + (f" ({names})" if names else "")
    if holder.waits_for:
        others = ", ".join(str(pid) for pid in holder.waits_for)
        return f"behind {who}, which waits for pid {others}"
    said = f"{'blocked' if holder.direct else 'in the end'} by {who}"
    if not holder.visible:
        return f"{said}; our role may not see what it does"
    opened = "" if holder.transaction_age_s is None else f", open for {age(holder.transaction_age_s)}"
    return f"{said}{f', {holder.state}' if holder.state else ''}{opened}"


def _amount(progress: Progress) -> str:
    if not progress.done and not progress.total:
        return ""
    done, total = progress.done or 0, progress.total
    if progress.unit == "bytes":
        return f", {done / 2**20:,.0f}{f' of {total / 2**20:,.0f}' if total else ''} MiB"
    return f", {done:,}{f' of {total:,}' if total else ''} {progress.unit}"
