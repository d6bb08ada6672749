"""Where each box stands: layers from left to right, a table right of those it refers to; the same input, the same picture.

Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981: layers by the
longest path, places inside a layer by the mean of the neighbours', nodes of no width where a link passes a layer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_SWEEPS = 8
_ROW_GAP = 28.0
_PASS_HEIGHT = 14.0  # of a place where a link passes a layer
COLUMN_GAP = 84.0
_PART_GAP = 44.0


@dataclass(frozen=True, slots=True)
class Size:
    """Of a box, in pixels."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Place:
    """Of a box: its upper left corner, and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(slots=True)
class Layout:
    """Where everything is."""

    places: dict[str, Place] = field(default_factory=dict)
    paths: dict[tuple[str, str], tuple[tuple[float, float, float], ...]] = field(default_factory=dict)
    """For each pair (right, left) the layers that its link passes, right to left: x from, x to, y."""
    width: float = 0.0
    height: float = 0.0


_Pair = tuple[str, str]  # a table and one that it refers to
_Node = tuple[str, ...]  # a table, or a pair and the number of the layer that its link passes


def lay_out(sizes: Mapping[str, Size], pairs: Iterable[_Pair], *, max_width: float) -> Layout:
    """Place boxes of these sizes; those without any link stand in rows below, as wide as `max_width` lets them."""
    edges = sorted({pair for pair in pairs if pair[0] != pair[1]})
    layout = Layout()
    alone = sorted(set(sizes) - {name for pair in edges for name in pair})
    for group in _groups(edges):
        top = layout.height + (_PART_GAP if layout.height else 0.0)
        _Part(sizes, [edge for edge in edges if edge[0] in group], group).place(layout, top)
    _place_rows(alone, sizes, layout, max(max_width, layout.width))
    return layout


def _groups(edges: Sequence[_Pair]) -> list[set[str]]:
    """Return the tables that hang together, the largest group first; those alone are left out."""
    near: dict[str, set[str]] = defaultdict(set)
    for a, b in edges:
        near[a].add(b)
        near[b].add(a)
    groups, seen = [], set[str]()
    for name in sorted(near):
        if name in seen:
            continue
        group, waiting = set[str](), [name]
        while waiting:
            at = waiting.pop()
            if at not in group:
                group.add(at)
                waiting += near[at] - group
        seen |= group
        groups.append(group)
    return sorted(groups, key=lambda group: (-len(group), min(group)))


def _place_rows(names: Sequence[str], sizes: Mapping[str, Size], layout: Layout, max_width: float) -> None:
    x, y, tallest = 0.0, layout.height + (_PART_GAP if layout.height and names else 0.0), 0.0
    for name in names:
        size = sizes[name]
        if x and x + size.width > max_width:
            x, y, tallest = 0.0, y + tallest + _ROW_GAP, 0.0
        layout.places[name] = Place(x, y, size.width, size.height)
        layout.width = max(layout.width, x + size.width)
        tallest = max(tallest, size.height)
        layout.height = y + tallest
        x += size.width + _ROW_GAP


class _Part:
    """Tables that hang together."""

    def __init__(self, sizes: Mapping[str, Size], edges: Sequence[_Pair], names: set[str]) -> None:
        self.sizes = sizes
        self.layer = _layers(sorted(names), edges)
        self.rows: list[list[_Node]] = [[] for _ in range(max(self.layer.values()) + 1)]
        self.chains: dict[_Pair, list[_Node]] = {}
        self.near: dict[_Node, list[_Node]] = defaultdict(list)
        for name in sorted(names):
            self.rows[self.layer[name]].append((name,))
        for edge in edges:
            self._chain(edge)
        self.y: dict[_Node, float] = {}

    def _chain(self, edge: _Pair) -> None:
        a, b = edge
        low, high = sorted((self.layer[a], self.layer[b]))
        passed: list[_Node] = [(a, b, str(layer)) for layer in range(low + 1, high)]
        for layer, node in enumerate(passed, low + 1):
            self.rows[layer].append(node)
        ends = ((a,), (b,)) if self.layer[a] <= self.layer[b] else ((b,), (a,))
        chain: list[_Node] = [ends[0], *passed, ends[1]]
        self.chains[edge] = chain
        for left, right in pairwise(chain):
            self.near[left].append(right)
            self.near[right].append(left)

    def _height(self, node: _Node) -> float:
        return self.sizes[node[0]].height if len(node) == 1 else _PASS_HEIGHT

    def place(self, layout: Layout, top: float) -> None:
        """Write where the boxes and the passing links are."""
        for row in self.rows:
            self._stack(row, {})
        for sweep in range(_SWEEPS):
            for row in self.rows if sweep % 2 == 0 else self.rows[::-1]:
                self._stack(row, {node: self._wish(node) for node in row})
        highest = min(self.y.values())
        x = 0.0
        spans: list[tuple[float, float]] = []
        for row in self.rows:
            width = max((self.sizes[node[0]].width for node in row if len(node) == 1), default=0.0)
            spans.append((x, x + width))
            for node in row:
                y = self.y[node] - highest + top
                layout.height = max(layout.height, y + self._height(node))
                if len(node) == 1:
                    layout.places[node[0]] = Place(x, y, self.sizes[node[0]].width, self._height(node))
            x += width + COLUMN_GAP
        layout.width = max(layout.width, x - COLUMN_GAP)
        for edge, chain in self.chains.items():
            middles = [
                (*spans[int(node[2])], self.y[node] - highest + top + _PASS_HEIGHT / 2)
                for node in chain
                if len(node) == 3
            ]
            layout.paths[edge] = tuple(middles[::-1])

    def _wish(self, node: _Node) -> float:
        """Return where the middle of its neighbours lies."""
        near = self.near[node]
        if not near:
            return self.y[node] + self._height(node) / 2
        return sum(self.y[other] + self._height(other) / 2 for other in near) / len(near)

    def _stack(self, row: list[_Node], wishes: Mapping[_Node, float]) -> None:
        """Put a layer's nodes one under the other, in the order of their wishes and as near to these as they let each other."""
        row.sort(key=lambda node: (wishes.get(node, 0.0), node))
        blocks: list[
            tuple[list[_Node], float, float]
        ] = []  # nodes, wished top, height: blocks that touch are joined
        for node in row:
            nodes, height = [node], self._height(node)
            wished = wishes.get(node, 0.0) - height / 2
            while blocks and blocks[-1][1] + blocks[-1][2] + _ROW_GAP > wished:
                above, top, above_height = blocks.pop()
                together = len(above) + len(nodes)
                # what each wishes for itself, averaged, when all are moved as one
                wished = (top * len(above) + (wished - above_height - _ROW_GAP) * len(nodes)) / together
                nodes, height = above + nodes, above_height + _ROW_GAP + height
            blocks.append((nodes, wished, height))
        for nodes, top, _ in blocks:
            y = top
            for node in nodes:
                self.y[node] = y
                y += self._height(node) + _ROW_GAP


def _layers(names: Sequence[str], edges: Sequence[_Pair]) -> dict[str, int]:
    """Return the layer of each: 0 where it refers to nothing; a link that closes a circle does not count."""
    to: dict[str, list[str]] = defaultdict(list)
    for a, b in edges:
        to[a].append(b)
    layer: dict[str, int] = {}
    for name in names:
        _settle(name, to, layer)
    return layer


def _settle(start: str, to: Mapping[str, list[str]], layer: dict[str, int]) -> None:
    """Settle one and all below it, without recursion: a chain of tables may be longer than Python's stack."""
    open_: dict[str, int] = {}  # on the way from the start: the layer known so far
    waiting: list[tuple[str, int]] = [(start, 0)]
    while waiting:
        name, at = waiting.pop()
        if name in layer:
            continue
        open_.setdefault(name, 0)
        below = to.get(name, [])
        if at < len(below):
            waiting.append((name, at + 1))
            if below[at] not in layer and below[at] not in open_:
                waiting.append((below[at], 0))
            continue
        layer[name] = max((layer[each] + 1 for each in below if each in layer), default=0)
        open_.pop(name)
