"""Pictures of tables: what is in them, where it stands, and that each form is well formed."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.report.diagram import Mark, as_mermaid, as_svg, in_words, picture, picture_of_change
from runner.report.diagram.layout import Size, lay_out
from runner.schema.catalog.entities import entities
from runner.schema.catalog.parse import parse
from tests.unit.lint.golden import assert_golden

HERE = Path(__file__).parent
EVERYTHING = HERE.parent / "db/catalog/everything.rendered"
GOLDEN = HERE / "golden_files"
BEFORE = """
CREATE TABLE public.a (
    id bigint NOT NULL,
    old text,
    size integer
);
ALTER TABLE public.a
    ADD CONSTRAINT a_pkey PRIMARY KEY (id);
CREATE TABLE public.b (
    id bigint NOT NULL,
    a_id bigint,
    more text
);
ALTER TABLE public.b
    ADD CONSTRAINT b_a_fkey FOREIGN KEY (a_id) REFERENCES public.a(id);
CREATE TABLE public.far (
    id bigint
);
"""
AFTER = BEFORE.replace("    old text,\n    size integer", "    size bigint,\n    new text")


def drawn(text):
    return picture(entities(parse(text)))


def changed():
    return picture_of_change(entities(parse(BEFORE)), entities(parse(AFTER)), {"public.a"})


@pytest.mark.parametrize(
    ("name", "form"),
    [
        pytest.param("everything.mmd", as_mermaid, id="mermaid"),
        pytest.param(
            "everything.svg", lambda shown: as_svg(shown, title="Everything", id_="all") + "\n", id="svg"
        ),
    ],
)
def test_the_whole_of_a_database_with_every_kind_of_table(name, form):
    assert_golden(GOLDEN / name, form(drawn(EVERYTHING.read_text("utf-8"))))


def test_a_change_marks_what_is_new_changed_and_gone():
    (a, _) = changed().boxes
    assert {line.name: line.mark for line in a.lines} == {
        "id": Mark.SAME,
        "size": Mark.CHANGED,
        "new": Mark.NEW,
        "old": Mark.GONE,
    }


def test_a_change_shows_neighbours_with_their_keys_and_nothing_beyond():
    _, b = changed().boxes
    assert b.name == "public.b"
    assert [line.name for line in b.lines] == ["a_id"]
    assert b.hidden == 2


def test_a_dropped_table_and_its_reference_are_still_there():
    without = "\n".join(BEFORE.splitlines()[:9])
    shown = picture_of_change(entities(parse(BEFORE)), entities(parse(without)), set())
    marks = {box.name: box.mark for box in shown.boxes}
    assert marks == {"public.a": Mark.SAME, "public.b": Mark.GONE, "public.far": Mark.GONE}
    assert [link.mark for link in shown.links] == [Mark.GONE]


def test_the_svg_says_in_words_what_it_shows():
    assert in_words(changed()) == (
        "2 tables. Any number of rows of b (a_id) refer to one row or none of a by b_a_fkey."
    )
    root = ET.fromstring(as_svg(changed(), title="x < y", id_="p"))
    title, said = root[0], root[1]
    assert root.attrib["aria-labelledby"].split() == [title.attrib["id"], said.attrib["id"]]
    assert (title.text, said.text) == ("x < y", in_words(changed()))


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


# Source: Mermaid's erDiagram.jison: ENTITY_NAME, ATTRIBUTE_WORD, ATTRIBUTE_KEY, COMMENT, cardinalities.
ENTITY = re.compile(r'    t\d+\["[^"%\\]+"\] \{')
WORD = r"[A-Za-z_\u00C0-\uFFFF][A-Za-z0-9\-_\[\]()\u00C0-\uFFFF]*"
ATTRIBUTE = re.compile(rf'        {WORD} {WORD}( (PK|FK|UK)(, (PK|FK|UK))*)?( "[^"%\\]*")?')
RELATION = re.compile(r'    t\d+ (\|o|\}o)--(o\||\|\|) t\d+ : "[^"%\\]*"')


def test_every_line_of_a_mermaid_text_is_of_its_grammar():
    head, *lines = as_mermaid(drawn(EVERYTHING.read_text("utf-8"))).splitlines()
    assert head == "erDiagram"
    for line in lines:
        assert line == "    }" or any(p.fullmatch(line) for p in (ENTITY, ATTRIBUTE, RELATION)), line
