"""Where the boxes and lines of a picture of tables stand."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from runner.report.diagram.graph_layout import Size, lay_out

NAMES = st.sampled_from("abcdefgh")


@given(
    heights=st.dictionaries(NAMES, st.integers(20, 300), min_size=1),
    pairs=st.lists(st.tuples(NAMES, NAMES), max_size=16),
)
def test_no_box_covers_another_and_the_same_input_gives_the_same_places(heights, pairs):
    sizes = {name: Size(100.0, float(height)) for name, height in heights.items()}
    known = [pair for pair in pairs if set(pair) <= set(sizes)]
    layout = lay_out(sizes, known, max_width=500)
    assert set(layout.places) == set(sizes)
    assert layout == lay_out(dict(reversed(sizes.items())), known[::-1], max_width=500)
    for one, other in combinations(layout.places.values(), 2):
        assert (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        )
    for place in layout.places.values():
        assert place.x >= 0
        assert place.y >= -0.001
        assert place.x + place.width <= layout.width
        assert place.y + place.height <= layout.height + 0.001
    assert set(layout.paths) == {pair for pair in known if pair[0] != pair[1]}


def test_a_table_stands_right_of_what_it_refers_to():
    sizes = dict.fromkeys(["lines", "orders", "customers"], Size(100, 50))
    pairs = [("lines", "orders"), ("orders", "customers"), ("lines", "customers")]
    layout = lay_out(sizes, pairs, max_width=500)
    x = {name: place.x for name, place in layout.places.items()}
    assert x["customers"] < x["orders"] < x["lines"]
    assert len(layout.paths["lines", "customers"]) == 1  # it passes the layer of orders


def test_links_do_not_cross_where_they_need_not():
    sizes = dict.fromkeys(["root", "a", "b", "x", "y"], Size(100, 50))
    pairs = [("a", "root"), ("b", "root"), ("x", "b"), ("y", "a")]
    y = {name: place.y for name, place in lay_out(sizes, pairs, max_width=500).places.items()}
    assert (y["a"] < y["b"]) == (y["y"] < y["x"])
