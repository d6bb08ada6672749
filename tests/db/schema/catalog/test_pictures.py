"""Pictures of tables: what is in them, and that each form is well formed."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import psycopg
import pytest

from runner.report.diagram import Mark, as_mermaid, as_svg, in_words, picture, picture_of_change
from runner.schema.catalog.entities import entities
from runner.schema.catalog.read import read
from tests.db.schema.catalog.conftest import run
from tests.unit.review.lint.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden_files"
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


@pytest.fixture
def tables(empty):
    def read_again(text):
        parameters = empty()
        run(parameters, text)
        with psycopg.connect(**parameters) as conn:
            return entities(read(conn))

    return read_again


@pytest.fixture
def changed(tables):
    return picture_of_change(tables(BEFORE), tables(AFTER), {"public.a"})


@pytest.fixture
def whole(everything):
    with psycopg.connect(**everything) as conn:
        return picture(entities(read(conn, exclude=["my_history"])))


@pytest.mark.parametrize(
    ("name", "form"),
    [
        pytest.param("everything.mmd", as_mermaid, id="mermaid"),
        pytest.param(
            "everything.svg", lambda shown: as_svg(shown, title="Everything", id_="all") + "\n", id="svg"
        ),
    ],
)
def test_the_whole_of_a_database_with_every_kind_of_table(whole, name, form):
    assert_golden(GOLDEN / name, form(whole))


def test_a_change_marks_what_is_new_changed_and_gone(changed):
    (a, _) = changed.boxes
    assert {line.name: line.mark for line in a.lines} == {
        "id": Mark.SAME,
        "size": Mark.CHANGED,
        "new": Mark.NEW,
        "old": Mark.GONE,
    }


def test_a_change_shows_neighbours_with_their_keys_and_nothing_beyond(changed):
    _, b = changed.boxes
    assert b.name == "public.b"
    assert [line.name for line in b.lines] == ["a_id"]
    assert b.hidden == 2


def test_a_dropped_table_and_its_reference_are_still_there(tables):
    without = "\n".join(BEFORE.splitlines()[:8])
    shown = picture_of_change(tables(BEFORE), tables(without), set())
    marks = {box.name: box.mark for box in shown.boxes}
    assert marks == {"public.a": Mark.SAME, "public.b": Mark.GONE, "public.far": Mark.GONE}
    assert [link.mark for link in shown.links] == [Mark.GONE]


def test_the_svg_says_in_words_what_it_shows(changed):
    assert in_words(changed) == (
        "2 tables. Any number of rows of b (a_id) refer to one row or none of a by b_a_fkey."
    )
    root = ET.fromstring(as_svg(changed, title="x < y", id_="p"))
    title, said = root[0], root[1]
    assert root.attrib["aria-labelledby"].split() == [title.attrib["id"], said.attrib["id"]]
    assert (title.text, said.text) == ("x < y", in_words(changed))


# Source: Mermaid's erDiagram.jison: ENTITY_NAME, ATTRIBUTE_WORD, ATTRIBUTE_KEY, COMMENT, cardinalities.
ENTITY = re.compile(r'    t\d+\["[^"%\\]+"\] \{')
WORD = r"[A-Za-z_\u00C0-\uFFFF][A-Za-z0-9\-_\[\]()\u00C0-\uFFFF]*"
ATTRIBUTE = re.compile(rf'        {WORD} {WORD}( (PK|FK|UK)(, (PK|FK|UK))*)?( "[^"%\\]*")?')
RELATION = re.compile(r'    t\d+ (\|o|\}o)--(o\||\|\|) t\d+ : "[^"%\\]*"')


def test_every_line_of_a_mermaid_text_is_of_its_grammar(whole):
    head, *lines = as_mermaid(whole).splitlines()
    assert head == "erDiagram"
    for line in lines:
        assert line == "    }" or any(p.fullmatch(line) for p in (ENTITY, ATTRIBUTE, RELATION)), line
