"""A picture as Mermaid's erDiagram, which GitHub, GitLab and many editors draw inside Markdown.

Source: Mermaid's grammar erDiagram.jison: a quoted name holds neither quote, percent sign nor backslash; a column's type
and name are words of letters, digits, "-", "_", brackets and parentheses, and begin with a letter or "*".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.report.diagram.picture import Line, Link, Mark, Picture
from runner.report.diagram.svg import label

_UNQUOTABLE = re.compile(r'["%\\\r\n\v\b]')
_NOT_OF_A_WORD = re.compile(r"[^A-Za-z0-9\-_\[\]()\u00c0-\uffff]")
_FIRST = re.compile(r"[A-Za-z_\u00c0-\uffff]")


def as_mermaid(picture: Picture) -> str:
    """Return the text of the diagram. What Mermaid cannot spell stands in a column's comment as it is."""
    ids = {box.name: f"t{number}" for number, box in enumerate(picture.boxes, 1)}
    lines = ["erDiagram"]
    for box in picture.boxes:
        lines.append(f'    {ids[box.name]}["{_quoted(label(box.name))}"] {{')
        lines += [f"        {_line(line)}" for line in box.lines]
        lines.append("    }")
    lines += [f"    {_link(link, ids)}" for link in picture.links]
    return "\n".join(lines) + "\n"


def _line(line: Line) -> str:
    type_, name = _word(line.type or "unknown"), _word(line.name)
    keys = ", ".join(line.keys)
    comment = _quoted(", ".join(_remarks(line, type_, name)))
    return " ".join(part for part in (type_, name, keys, f'"{comment}"' if comment else "") if part)


def _remarks(line: Line, type_: str, name: str) -> Iterator[str]:
    if name != line.name or type_ != line.type.replace(" ", "_"):
        yield f"{line.name} {line.type}"
    if line.not_null and "PK" not in line.keys:
        yield "not null"
    if line.mark is not Mark.SAME:
        yield line.mark.word


def _link(link: Link, ids: dict[str, str]) -> str:
    reference = link.reference
    many = "|o" if reference.is_single else "}o"
    one = "o|" if reference.is_optional else "||"
    said = f"{_quoted(reference.name)}{f' ({link.mark.word})' if link.mark is not Mark.SAME else ''}"
    return f'{ids[reference.table]} {many}--{one} {ids[reference.to]} : "{said}"'


def _quoted(text: str) -> str:
    return _UNQUOTABLE.sub("'", text)


def _word(text: str) -> str:
    word = _NOT_OF_A_WORD.sub("_", text.replace(",", "-"))
    return word if _FIRST.match(word) else f"_{word}"
