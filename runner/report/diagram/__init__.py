"""Tables and what they refer to, as a picture: SVG for people, Mermaid for documents that draw it themselves."""

from runner.report.diagram.mermaid import as_mermaid
from runner.report.diagram.picture import Box, Line, Link, Mark, Picture, picture, picture_of_change
from runner.report.diagram.svg import LEGEND, as_svg, in_words

__all__ = [
    "LEGEND",
    "Box",
    "Line",
    "Link",
    "Mark",
    "Picture",
    "as_mermaid",
    "as_svg",
    "in_words",
    "picture",
    "picture_of_change",
]
