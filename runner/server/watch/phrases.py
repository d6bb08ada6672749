"""What is waited for and who holds it, in the words of output and of errors."""

from __future__ import annotations

from runner.events import Holder, Waiting
from runner.wording import counted


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


def waits(count: int) -> str:
    """Return "1 session waits", "2 sessions wait"."""
    return f"{counted(count, 'session')} {'waits' if count == 1 else 'wait'}"


def wanted(waiting: Waiting) -> str:
    """Return what a statement waits for: "for ACCESS EXCLUSIVE on public.orders"."""
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


def blocker(holder: Holder) -> str:
    """Return who keeps a statement waiting, and since when."""
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
