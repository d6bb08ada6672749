"""Expressions are spelled as the server spells them once it has read its own print."""

from __future__ import annotations

import pytest

from runner.schema.catalog.spelling import canonical_arrays, split, split_list


@pytest.mark.parametrize(
    ("printed", "read_again"),
    [
        pytest.param(
            "((role)::text = ANY ((ARRAY['user'::character varying, 'ad,min'::character varying])::text[]))",
            "((role)::text = ANY (ARRAY[('user'::character varying)::text, ('ad,min'::character varying)::text]))",
            id="IN over varchar",
        ),
        pytest.param(
            '(x = ANY ((ARRAY[f(a, b[1]), NULL::app."My Type"])::app."My Type"[]))',
            '(x = ANY (ARRAY[(f(a, b[1]))::app."My Type", (NULL::app."My Type")::app."My Type"]))',
            id="names and calls",
        ),
        pytest.param("(x = ANY (ARRAY['a'::text, 'b'::text]))", None, id="no cast"),
        pytest.param("(ARRAY[ARRAY[1], ARRAY[2]])::bigint[]", None, id="more dimensions"),
        pytest.param("'(ARRAY[''a''])::text[]'::text", None, id="within a text"),
        pytest.param("AS $f$ SELECT (ARRAY['a'])::text[] $f$", None, id="within a function body"),
        pytest.param("(ARRAY['a'::text])::app.a_domain", None, id="a domain over an array"),
        pytest.param("(ARRAY[", None, id="cut off"),
    ],
)
def test_a_cast_array_becomes_an_array_of_casts(printed: str, read_again: str | None) -> None:
    assert canonical_arrays(printed) == (printed if read_again is None else read_again)
    assert canonical_arrays(canonical_arrays(printed)) == canonical_arrays(printed)


def test_words_joined_again_are_the_same_text() -> None:
    text = "a::b 'c''d' E'e\\'f' $x$ g; ' $$ $x$ \"h\"\"i\" 1.5e3 <> @> -- ü ☃\n$ $1 [1:2]"
    assert "".join(split(text)) == text


def test_a_list_is_cut_at_its_own_commas_only() -> None:
    assert split_list("a, f(b, c), d[1, 2], 'e, f', \"g,h\"") == [
        "a",
        "f(b, c)",
        "d[1, 2]",
        "'e, f'",
        '"g,h"',
    ]
    assert split_list("") == []
