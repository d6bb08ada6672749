"""Phrases that several rooms print, kept here so that they stay the same."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 8


def shortened(names: Sequence[str]) -> str:
    """Return "a, b, c", and of many names the first and the number of the others."""
    rest = len(names) - _SHOWN
    return ", ".join(names) if rest <= 0 else f"{', '.join(names[:_SHOWN])} and {counted(rest, 'other')}"


def nearest(name: str, known: Sequence[str]) -> str | None:
    """Return "Perhaps you meant X." for the known name most like `name`, if one is like it."""
    found = closest(name, known)
    return None if found is None else f"Perhaps you meant {found}."


def closest(name: str, known: Sequence[str]) -> str | None:
    """Return the known name most like `name`, if one is like it."""
    import difflib  # for start-up time

    return next(iter(difflib.get_close_matches(name, known, n=1)), None)


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return "1 migration", "2 migrations"."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def is_or_are(count: int) -> str:
    """Return the verb for a number of things."""
    return "is" if count == 1 else "are"


def duration(seconds: float) -> str:
    """Return a duration as people read it: 3 ms, 1.2 s, 2 min 5 s."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def size(count: float) -> str:
    """Return a number of bytes as people read it: 41 GB."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(value) < 1024:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"


def listed(names: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def capitalized(text: str) -> str:
    """Return a text with its first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]
