"""A page that is one file: no script, nothing from elsewhere; light and dark, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files

from runner import __version__
from runner.report.diagram.svg import STYLE

# Nothing that stands in a file of SQL may run or be fetched, should an escape ever be forgotten.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(title: str, head: Iterable[str], body: Iterable[str]) -> str:
    """Return the whole document; `head` and `body` are HTML, `title` is text."""
    style = (files("runner.report") / "page.css").read_text("utf-8")
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{style}{STYLE}\n</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#main">To the report</a>',
            "<header>",
            *head,
            "</header>",
            '<main id="main">',
            *body,
            "</main>",
            f"<footer>runner {escape(__version__)}</footer>",
            "</body>",
            "</html>",
            "",
        )
    )


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()
) -> Iterator[str]:
    """Yield a table that becomes a stack of cards where there is no room; cells are HTML, the first names its row.

    Each cell is one block beside its label, whatever it holds.
    Roles are said, for a browser forgets them where a table is not displayed as one.
    """
    yield f'<table class="cards" role="table"><caption>{escape(caption)}</caption>'
    cells = (
        f'<th scope="col" role="columnheader"{_number(at, numbers)}>{escape(name)}</th>'
        for at, name in enumerate(head)
    )
    yield f'<thead role="rowgroup"><tr role="row">{"".join(cells)}</tr></thead>'
    yield '<tbody role="rowgroup">'
    for first, *rest in rows:
        row = [f'<th scope="row" role="rowheader"{_number(0, numbers)}>{first}</th>']
        row += [
            f'<td role="cell" data-label="{escape(head[at])}"{_number(at, numbers, is_none=cell == NONE)}><div>{cell}</div></td>'
            for at, cell in enumerate(rest, 1)
        ]
        yield f'<tr role="row">{"".join(row)}</tr>'
    yield "</tbody></table>"


NONE = "–"


def _number(at: int, numbers: Sequence[int], *, is_none: bool = False) -> str:
    classes = " ".join((*(["number"] if at in numbers else []), *(["none"] if is_none else [])))
    return f' class="{classes}"' if classes else ""


def diff(text: str) -> str:
    """Return a unified diff, its lines coloured; the signs stay."""
    kinds = {"+": "add", "-": "del", "@": "at"}
    lines = []
    for line in text.splitlines():
        kind = "at" if line.startswith(("--- ", "+++ ")) else kinds.get(line[:1])
        lines.append(escape(line) if kind is None else f'<span class="{kind}">{escape(line)}</span>')
    return f'<pre tabindex="0" aria-label="difference">{chr(10).join(lines)}</pre>'


def code(text: str) -> str:
    """Return text as code, in a line."""
    return f"<code>{escape(text)}</code>"


def tag(text: str, kind: str) -> str:
    """Return a coloured word; `kind` is good, warn, bad or plain."""
    return f'<span class="tag {kind}">{escape(text)}</span>'
