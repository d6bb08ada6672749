"""Show what goes on while a statement waits or runs long: as a line now and then, or in place on a terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runner.events import Over, Running, Sighting, Unseen, Waiting
from runner.progress.sightings import Pace, blockers, head, progress_words
from runner.report.terminal import Style, is_watched

_BAR_WIDTH = 12


class Sights(Protocol):
    """Where sightings are shown, and what else is said meanwhile."""

    def show(self, sighting: Sighting) -> None:
        """Show a sighting, or that there is nothing more to see."""

    def say(self, line: str) -> None:
        """Write a line that stays."""


def sights(stream: TextIO, environ: Mapping[str, str], say: Callable[[str], None]) -> Sights:
    """Choose for a stream: a terminal that a person watches is rewritten in place, anything else gets plain lines."""
    style = Style.of(stream, environ)
    if is_watched(stream, environ):
        return Screen(stream, say, style)
    return Lines(say, style)


class Lines:
    """Plain lines: of a wait at once and every 5 seconds, of what runs every 10; who blocks us, when that changes."""

    def __init__(
        self, say: Callable[[str], None], style: Style, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self.say = say
        self._style = style
        self._pace = Pace(clock)

    def show(self, sighting: Sighting) -> None:
        """Say what is new."""
        if not self._pace.is_due(sighting) or isinstance(sighting, Over):
            return
        lines = head(sighting, self._style)
        if isinstance(sighting, Waiting) and self._pace.holders_are_new:
            lines += blockers(sighting, self._style)
        if isinstance(sighting, Running) and sighting.progress is not None:
            lines.append(f"    {progress_words(sighting.progress).lstrip()}")
        for line in lines:
            self.say(line.rstrip())


class Screen:
    """A few lines at the bottom of a terminal, rewritten in place and erased when the statement is done."""

    def __init__(self, stream: TextIO, say: Callable[[str], None], style: Style) -> None:
        self._stream = stream
        self._say = say
        self._style = style
        self._lock = threading.Lock()  # the server's notices come while a statement runs
        self._seen: dict[str, Waiting | Running | Unseen] = {}
        self._live: Live | None = None

    def show(self, sighting: Sighting) -> None:
        """Rewrite the lines."""
        with self._lock:
            if not isinstance(sighting, Over):
                self._seen[sighting.what] = sighting
            else:
                self._seen.pop(sighting.what, None)
            if not self._seen:
                self._erase()
                return
            if self._live is None:
                self._live = _live(self._stream, self._style)
                self._live.start()
            self._live.update(self._rendered(), refresh=True)

    def say(self, line: str) -> None:
        """Write a line above; the next look draws the others again."""
        with self._lock:
            self._erase()
            self._say(line)

    def _erase(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _rendered(self) -> RenderableType:

        parts: list[RenderableType] = []
        for sighting in self._seen.values():
            lines = head(sighting, self._style)
            if isinstance(sighting, Waiting):
                lines += blockers(sighting, self._style)
            parts += [Text.from_ansi(line, no_wrap=True, overflow="ellipsis") for line in lines]
            if isinstance(sighting, Running) and sighting.progress is not None:
                parts.append(_bar(progress_words(sighting.progress), sighting.progress.percent))
        return Group(*parts)


def _live(stream: TextIO, style: Style) -> Live:

    console = Console(file=stream, force_terminal=True, no_color=not style.colour, highlight=False)
    return Live(
        console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    )


def _bar(words: str, percent: float | None) -> RenderableType:

    row = Table.grid(padding=(0, 1), pad_edge=False)
    cells: list[RenderableType] = [""]
    row.add_column(width=3, no_wrap=True)  # what is no_wrap keeps its width where the terminal is narrow
    if percent is not None:
        row.add_column(width=_BAR_WIDTH, no_wrap=True)
        cells.append(ProgressBar(total=100, completed=percent, width=_BAR_WIDTH, complete_style="green"))
    row.add_column()
    row.add_row(*cells, Text(words, no_wrap=True, overflow="ellipsis"))
    return row
