"""The page of a report: one file that needs nothing else, and that anybody can read."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "db/review/verify/golden_files/ten_mistakes.html"
VOID = {"meta", "br"}
COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]{3,6})")
SOFT_ON = ("ground", "paper", "head", "code")


class Outline(HTMLParser):
    """What is in a page, and whether each tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.text = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append(found["href"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def of(self, tag):
        return [found for name, found in self.tags if name == tag]


@pytest.fixture(scope="module")
def page():
    return Outline(PAGE.read_text("utf-8"))


def test_every_tag_is_closed_in_its_order(page):
    assert page.open == []


def test_it_runs_nothing_and_fetches_nothing(page):
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "form"}
    for tag, found in page.tags:
        assert not [name for name in found if name.startswith("on")]
        for name in set(found) & {"src", "href", "style"}:
            assert (tag, name) == ("a", "href")
            assert found[name].startswith("#")
    (policy,) = (m["content"] for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert "url(" not in PAGE.read_text("utf-8")


def test_what_a_file_says_stays_text(page):
    assert "\"<script>alert('&')</script>\" was in one of them." in "".join(page.text)


def test_every_link_leads_somewhere_and_no_id_is_there_twice(page):
    assert [id_ for id_, count in Counter(page.ids).items() if count > 1] == []
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert "#d1-0006_belong_to_customers-4" in page.links


def test_it_has_landmarks_headings_in_order_and_tables_that_say_what_heads_what(page):
    names = [tag for tag, _ in page.tags]
    for landmark in ("header", "main", "footer"):
        assert names.count(landmark) == 1
    levels = [int(name[1]) for name in names if re.fullmatch(r"h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    assert all(found.get("scope") in {"col", "row"} for found in page.of("th"))
    assert names.count("caption") == names.count("table")
    (svg,) = page.of("svg")
    assert svg["role"] == "img"
    assert set(svg["aria-labelledby"].split()) <= set(page.ids)


def _luminance(colour):
    digits = colour.removeprefix("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    parts = (int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one, other):
    """Source: WCAG 2.2, "contrast ratio"."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1, 2], ids=["light", "dark", "print"])
def test_every_colour_of_letters_stands_out_from_its_ground(theme):
    css = (files("runner.report") / "page.css").read_text("utf-8")
    themes = [dict(COLOUR.findall(block)) for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)]
    colours = themes[theme]
    pairs = [(ink, on) for ink in ("ink", "soft", "link", "good", "warn", "bad") for on in SOFT_ON]
    pairs += [(kind, f"{kind}-ground") for kind in ("good", "warn", "bad")]
    pairs += [("ink", f"{kind}-ground") for kind in ("warn", "bad")]
    pairs += [("soft", f"{kind}-ground") for kind in ("warn", "bad")]
    poor = {pair: round(_contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}
