"""What a second connection sees of a statement that is not done: a few lines, aligned with those of the steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from runner.events import INFO, WARNING, Notice, Over, Progress, Running, Sighting, Unseen, Waiting
from runner.report.parts import ID_WIDTH
from runner.report.terminal import Style
from runner.server.watch.phrases import age, blocker, waits, wanted
from runner.wording import counted

_WAITING_EVERY_S, _RUNNING_EVERY_S = 5.0, 10.0
_SHOWN_HOLDERS = 3
_OPEN = ("active", "idle in transaction", "idle in transaction (aborted)")


def head(sighting: Waiting | Running | Unseen, style: Style) -> list[str]:
    """Return what the statement is at; for a wait, the second line says for what and who waits behind it."""
    if isinstance(sighting, Waiting):
        behind = f"; {waits(sighting.queued_behind)} behind us" if sighting.queued_behind else ""
        return [
            _first("waiting", "yellow", sighting.what, sighting.waited_s, style),
            f"    {wanted(sighting)}{behind}",
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
        lines.append(f"    {blocker(holder)}")
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


def as_notice(sighting: Waiting | Running | Unseen) -> Notice:
    """Return a sighting with its name, its message and its facts."""
    lines = head(sighting, Style())
    facts: dict[str, Any] = {}
    if isinstance(sighting, Waiting):
        lines += blockers(sighting, Style())
        name, elapsed_s = "statement.waiting", sighting.waited_s
        shown = ("pid", "prepared", "user", "application", "state", "transaction_age_s", "statement")
        facts = {
            "lock": sighting.kind,
            "mode": sighting.mode,
            "wanted": sighting.wanted,
            "queued_behind": sighting.queued_behind,
            "holders": [{key: getattr(holder, key) for key in shown} for holder in sighting.holders],
        }
    elif isinstance(sighting, Running):
        name, elapsed_s = "statement.running", sighting.elapsed_s
        if sighting.progress is not None:
            lines.append(progress_words(sighting.progress))
            facts = {
                "command": sighting.progress.command,
                "relation": sighting.progress.relation,
                "phase": sighting.progress.phase,
                "percent": sighting.progress.percent,
            }
    else:
        name, elapsed_s, facts = "statement.unseen", sighting.elapsed_s, {"reason": sighting.reason}
    return Notice(
        name=name,
        message="; ".join(" ".join(part.split()) for part in lines),
        level=WARNING if isinstance(sighting, Waiting) else INFO,
        migration=sighting.what,
        elapsed_s=elapsed_s,
        facts=facts,
    )


@dataclass(slots=True)
class _Told:
    kind: type
    at: float
    holders: tuple[object, ...]


class Pace:
    """How often a log gets a line."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._told: dict[str, _Told] = {}
        self.holders_are_new = True  # of the sighting that was due last

    def is_due(self, sighting: Sighting) -> bool:
        """Return whether a sighting is due, and count it as reported; the end of a wait starts it over."""
        if isinstance(sighting, Over):
            self._told.pop(sighting.what, None)
            return False
        told, now = self._told.get(sighting.what), self._clock()
        if not _is_due(sighting, told, now):
            return False
        holders = _identity(sighting)
        self.holders_are_new = told is None or holders != told.holders
        self._told[sighting.what] = _Told(type(sighting), now, holders)
        return True


def _is_due(sighting: Waiting | Running | Unseen, told: _Told | None, now: float) -> bool:
    if isinstance(sighting, Waiting):
        return told is None or told.kind is not Waiting or now - told.at >= _WAITING_EVERY_S
    if told is None:
        return sighting.elapsed_s >= _RUNNING_EVERY_S
    return now - told.at >= _RUNNING_EVERY_S


def _identity(sighting: Waiting | Running | Unseen) -> tuple[object, ...]:
    """Return what makes the holders worth telling again; their age alone does not."""
    if not isinstance(sighting, Waiting):
        return ()
    return (sighting.wanted, *((h.pid, h.prepared, h.state, h.statement) for h in sighting.holders))


def _first(verb: str, colour: str, what: str, seconds: float, style: Style) -> str:
    return f"  {style(verb.ljust(11), colour)}  {what.ljust(ID_WIDTH)}  {style(age(seconds).rjust(8), 'dim')}"


def _amount(progress: Progress) -> str:
    if not progress.done and not progress.total:
        return ""
    done, total = progress.done or 0, progress.total
    if progress.unit == "bytes":
        return f", {done / 2**20:,.0f}{f' of {total / 2**20:,.0f}' if total else ''} MiB"
    return f", {done:,}{f' of {total:,}' if total else ''} {progress.unit}"
