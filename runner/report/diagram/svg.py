"""A picture as SVG, to stand inside a page: it takes its colours from the page's custom properties."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from html import escape

from runner.report.diagram.graph_layout import Layout, Place, Size, lay_out
from runner.report.diagram.picture import Box, Line, Link, Mark, Picture
from runner.wording import counted

_EM = 12.0  # size of the letters, in pixels
_LETTER = 0.61 * _EM  # width of one, in any of the monospaced fonts
_LINE = 19.0
_HEAD = 26.0
_PAD = 10.0
_EDGE = 16.0  # free space around the picture
_KEY = 4.2 * _LETTER
_FOOT = 11.0  # length of the crow's foot
_STUB = 15.0  # of a link, straight, before it bends
_MAX_NAME, _MAX_TYPE = 32, 30  # letters
_MAX_WIDTH = 1100.0

LEGEND = (
    "? may be NULL; PK, FK, UK: primary, foreign, unique key. A crow's foot is at the table of many rows, a circle where"
    " there may be none."
)
STYLE = """
.erd text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink)}
.erd .box{fill:var(--paper);stroke:var(--line);stroke-width:1}
.erd .head{fill:var(--head)}
.erd .title{font-weight:600}
.erd .type,.erd .key,.erd .more{fill:var(--soft)}
.erd .link{fill:none;stroke:var(--soft);stroke-width:1.3}
.erd .end{fill:var(--ground);stroke:var(--soft);stroke-width:1.3}
.erd .new text.mark,.erd .new .name{fill:var(--good)}
.erd .changed text.mark,.erd .changed .name{fill:var(--warn)}
.erd .dropped text.mark,.erd .dropped .name{fill:var(--bad)}
.erd .dropped .name{text-decoration:line-through}
.erd .box.new{stroke:var(--good);stroke-width:2}
.erd .box.dropped{stroke:var(--bad);stroke-width:2;stroke-dasharray:4 3}
.erd .link.new,.erd .new .end{stroke:var(--good);stroke-width:2}
.erd .link.dropped,.erd .dropped .end{stroke:var(--bad);stroke-dasharray:4 3}
.erd .rule{stroke:var(--line)}
""".strip()


def as_svg(picture: Picture, *, title: str, id_: str) -> str:
    """Return an svg element; `id_` is unique in its page. What it shows is also said in words, for who cannot see it."""
    sizes = {box.name: _size(box) for box in picture.boxes}
    pairs = [(link.reference.table, link.reference.to) for link in picture.links]
    layout = lay_out(sizes, pairs, max_width=_MAX_WIDTH)
    width, height = layout.width + 2 * _EDGE + 24, layout.height + 2 * _EDGE
    view = f"{-_EDGE:.0f} {-_EDGE:.0f} {width:.0f} {height:.0f}"
    attributes = f'viewBox="{view}" width="{width:.0f}" height="{height:.0f}"'
    said = f'role="img" aria-labelledby="{id_}-title {id_}-said"'
    parts = [
        f'<svg class="erd" xmlns="http://www.w3.org/2000/svg" {said} {attributes}>',
        f'<title id="{id_}-title">{escape(title)}</title>',
        f'<desc id="{id_}-said">{escape(in_words(picture))}</desc>',
        *(part for link in picture.links for part in _link(link, picture, layout)),
        *(part for box in picture.boxes for part in _box(box, layout.places[box.name])),
        "</svg>",
    ]
    return "\n".join(parts)


def in_words(picture: Picture) -> str:
    """Return what the links say, as sentences."""
    said = [f"{counted(len(picture.boxes), 'table')}."]
    for link in picture.links:
        reference = link.reference
        mark = f"{link.mark.word} " if link.mark is not Mark.SAME else ""
        many = "At most one row" if reference.is_single else "Any number of rows"
        said.append(
            f"{many} of {label(reference.table)} ({', '.join(reference.columns)}) refer to"
            f" {'one row or none' if reference.is_optional else 'one row'} of {label(reference.to)}"
            f" by {mark}{reference.name}."
        )
    return " ".join(said)


def label(name: str) -> str:
    """Return a table's name as it is shown: without the schema that needs no mention."""
    return name.removeprefix("public.")


def _size(box: Box) -> Size:
    lines = [_KEY + _widths(_cut(line.name, _MAX_NAME), _cut(line.type, _MAX_TYPE)) for line in box.lines]
    head = _columns_of(_heading(box)) * _LETTER * 1.04 + 2 * _PAD
    rows = len(box.lines) + (1 if box.hidden else 0)
    return Size(round(max([head, 110.0, *lines])), _HEAD + rows * _LINE + (6.0 if rows else 0.0))


def _widths(name: str, type_: str) -> float:
    return (_columns_of(name) + _columns_of(type_) + 4) * _LETTER + 2 * _PAD


def _columns_of(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _heading(box: Box) -> str:
    partitions = f" ({counted(box.partitions, 'partition')})" if box.partitions else ""
    sign = f"{box.mark.value} " if box.mark in {Mark.NEW, Mark.GONE} else ""
    return f"{sign}{_cut(label(box.name), 48)}{partitions}"


def _box(box: Box, place: Place) -> Iterator[str]:
    mark = box.mark.word if box.mark in {Mark.NEW, Mark.GONE} else ""
    x, y, width = place.x, place.y, place.width
    yield f'<g class="{mark}">'
    yield f'<rect class="box {mark}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{place.height:.1f}" rx="5"/>'
    yield (
        f'<path class="head" d="M{x + 0.5:.1f} {y + _HEAD:.1f}v{-(_HEAD - 5):.1f}q0 -4.5 4.5 -4.5h{width - 10:.1f}'
        f'q4.5 0 4.5 4.5v{_HEAD - 5:.1f}z"/>'
    )
    if box.lines or box.hidden:
        yield f'<path class="rule" d="M{x:.1f} {y + _HEAD:.1f}h{width:.1f}"/>'
    yield f'<text class="title name" x="{x + _PAD:.1f}" y="{y + 17.5:.1f}">{escape(_heading(box))}</text>'
    for number, line in enumerate(box.lines):
        yield from _line(line, place, y + _HEAD + number * _LINE + 15.5)
    if box.hidden:
        at = y + _HEAD + len(box.lines) * _LINE + 15.5
        said = f"… {counted(box.hidden, 'more column')}"
        yield f'<text class="more" x="{x + _PAD + _KEY:.1f}" y="{at:.1f}">{said}</text>'
    yield "</g>"


def _line(line: Line, place: Place, y: float) -> Iterator[str]:
    x = place.x + _PAD
    yield f'<g class="{line.mark.word}">'
    full = f"{line.name} {line.type}{' NOT NULL' if line.not_null else ''}"
    yield f"<title>{escape(' '.join((*line.keys, full, line.mark.word)).strip())}</title>"
    if line.keys:
        yield f'<text class="key" x="{x:.1f}" y="{y:.1f}">{line.keys[0]}</text>'
    if line.mark is not Mark.SAME:
        yield f'<text class="mark" x="{x + _KEY - 1.3 * _LETTER:.1f}" y="{y:.1f}">{line.mark.value}</text>'
    yield f'<text class="name" x="{x + _KEY:.1f}" y="{y:.1f}">{escape(_cut(line.name, _MAX_NAME))}</text>'
    star = "" if line.not_null else "?"
    right = place.x + place.width - _PAD
    type_ = escape(_cut(line.type, _MAX_TYPE) + star)
    yield f'<text class="type" x="{right:.1f}" y="{y:.1f}" text-anchor="end">{type_}</text></g>'


def _link(link: Link, picture: Picture, layout: Layout) -> Iterator[str]:
    reference = link.reference
    boxes = {box.name: box for box in picture.boxes}
    a, b = layout.places[reference.table], layout.places[reference.to]
    from_y = _row_y(boxes[reference.table], a, reference.columns)
    to_y = _row_y(boxes[reference.to], b, reference.to_columns)
    yield f'<g class="{link.mark.word}"><title>{escape(_said(link))}</title>'
    if reference.table == reference.to:
        right = a.x + a.width
        reach = right + 22
        yield (
            f'<path class="link {link.mark.word}" d="M{right:.1f} {from_y:.1f}C{reach:.1f} {from_y:.1f}'
            f' {reach:.1f} {to_y:.1f} {right:.1f} {to_y:.1f}"/>'
        )
        yield from _many(link, right, from_y, 1)
        yield from _one(link, right, to_y, 1)
    else:
        leftwards = a.x > b.x
        side = -1 if leftwards else 1
        start = a.x if leftwards else a.x + a.width
        end = b.x + b.width if leftwards else b.x
        path = layout.paths[reference.table, reference.to]
        passed = path if leftwards else path[::-1]
        yield f'<path class="link {link.mark.word}" d="{_curve((start, from_y), passed, (end, to_y), leftwards)}"/>'
        yield from _many(link, start, from_y, side)
        yield from _one(link, end, to_y, -side)
    yield "</g>"


def _said(link: Link) -> str:
    reference = link.reference
    return (
        f"{reference.name}: {label(reference.table)} ({', '.join(reference.columns)}) → "
        f"{label(reference.to)} ({', '.join(reference.to_columns)}) {link.mark.word}".strip()
    )


def _curve(
    start: tuple[float, float],
    passed: tuple[tuple[float, float, float], ...],
    end: tuple[float, float],
    leftwards: bool,  # noqa: FBT001 - of one caller
) -> str:
    stub = -_STUB if leftwards else _STUB
    drawn = f"M{start[0]:.1f} {start[1]:.1f}h{stub:.1f}"
    x, y = start[0] + stub, start[1]
    for left, right, at in passed:
        enter, leave = (right, left) if leftwards else (left, right)
        drawn += f"{_bend(x, y, enter, at)}H{leave:.1f}"
        x, y = leave, at
    return f"{drawn}{_bend(x, y, end[0] - stub, end[1])}h{stub:.1f}"


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"


def _row_y(box: Box, place: Place, columns: tuple[str, ...]) -> float:
    for number, line in enumerate(box.lines):
        if line.name == columns[0]:
            return place.y + _HEAD + number * _LINE + 11.5
    return place.y + _HEAD / 2


def _many(link: Link, x: float, y: float, side: int) -> Iterator[str]:
    """Draw the end at the table that refers: a crow's foot, or a bar if it is at most one; and a circle, as it may be none."""
    cls = f"link {link.mark.word}"
    foot = x + side * _FOOT
    if link.reference.is_single:
        yield f'<path class="{cls}" d="M{x + side * 6:.1f} {y - 5:.1f}v10"/>'
    else:
        yield f'<path class="{cls}" d="M{x:.1f} {y - 5:.1f}L{foot:.1f} {y:.1f}L{x:.1f} {y + 5:.1f}"/>'
    yield f'<circle class="end" cx="{foot + side * 3.5:.1f}" cy="{y:.1f}" r="3.5"/>'


def _one(link: Link, x: float, y: float, side: int) -> Iterator[str]:
    """Draw the end at the table that is referred to: a bar, and a circle where there may be none."""
    yield f'<path class="link {link.mark.word}" d="M{x + side * 5:.1f} {y - 5:.1f}v10"/>'
    if link.reference.is_optional:
        yield f'<circle class="end" cx="{x + side * 11:.1f}" cy="{y:.1f}" r="3.5"/>'
    else:
        yield f'<path class="link {link.mark.word}" d="M{x + side * 9:.1f} {y - 5:.1f}v10"/>'
