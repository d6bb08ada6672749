"""Colour, only where a person watches and has not declined it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TextIO

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


class Style(NamedTuple):
    """Paints text, or leaves it alone when `colour` is off."""

    colour: bool = False

    @classmethod
    def of(cls, stream: TextIO | None, environ: Mapping[str, str]) -> Style:
        """Decide for a stream: NO_COLOR and TERM=dumb decline, FORCE_COLOR insists, else a terminal gets it.

        Source: https://no-color.org (set and not empty).
        """
        if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
            return cls(colour=False)
        if environ.get("FORCE_COLOR"):
            return cls(colour=True)
        return cls(colour=stream is not None and stream.isatty() and not environ.get("CI"))

    def __call__(self, text: str, *names: str) -> str:
        """Return `text` in the named colours."""
        if not self.colour or not names:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}\x1b[0m"


def is_watched(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether a person watches a stream, so that lines of it may be rewritten in place."""
    return stream.isatty() and not environ.get("CI") and environ.get("TERM") != "dumb"
