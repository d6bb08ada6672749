"""Whole databases as pictures: a page, or Mermaid's text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from runner.errors import UsageError
from runner.report.diagram.mermaid import as_mermaid
from runner.report.diagram.picture import Picture, picture
from runner.report.diagram.svg import LEGEND, as_svg, in_words
from runner.report.page import page
from runner.schema.catalog.entities import entities
from runner.schema.catalog.objects import Catalog
from runner.wording import counted


def drawn(catalogs: Mapping[str, Catalog], form: str) -> str:
    """Return the picture of each database: form is html or mermaid.

    Raises: UsageError for mermaid when there are several, for a text holds one diagram.
    """
    pictures = {name: picture(entities(catalog)) for name, catalog in catalogs.items()}
    if form == "html":
        return _page(pictures)
    if len(pictures) > 1:
        raise UsageError(
            "a Mermaid text holds one diagram, and there are several databases",
            hint=f"Name one of them: --database {next(iter(pictures))}",
        )
    return "".join(map(as_mermaid, pictures.values())).rstrip("\n")


def _page(pictures: Mapping[str, Picture]) -> str:
    title = f"Tables of {', '.join(pictures)}"
    head = [f"<h1>{escape(title)}</h1>", f'<p class="soft">{LEGEND}</p>']
    return page(
        title, head, (line for n, item in enumerate(pictures.items(), 1) for line in _section(n, *item))
    )


def _section(number: int, name: str, shown: Picture) -> Iterator[str]:
    columns = sum(len(box.lines) for box in shown.boxes)
    links = counted(len(shown.links), "foreign key")
    yield f'<section aria-labelledby="d{number}"><h2 id="d{number}">{escape(name)}</h2>'
    said = f"{counted(len(shown.boxes), 'table')}, {counted(columns, 'column')}, {links}"
    yield f'<p class="soft">{said}</p>'
    if shown.boxes:
        yield f'<div class="picture" tabindex="0" role="group" aria-label="tables of {escape(name)}">'
        yield as_svg(shown, title=f"Tables of {name}", id_=f"erd{number}")
        yield "</div>"
        yield f"<details><summary>The picture in words</summary><p>{escape(in_words(shown))}</p></details>"
    yield "</section>"
