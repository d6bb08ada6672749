"""Which differences of the schema are a note, and which are a fault of the rollback."""

from __future__ import annotations

import pytest

from runner.review.verify.harmless import harmless, without_harmless
from runner.schema.catalog.objects import Catalog, CatalogObject, Change, Difference

FUNCTION = "CREATE OR REPLACE FUNCTION public.f()\n RETURNS integer\n LANGUAGE {}\nAS $function${}$function$;"


def changed(kind: str, before: str, after: str) -> Difference:
    return Difference(kind, "public.x", Change.CHANGED, before, after)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        pytest.param(
            "function",
            FUNCTION.format("sql", "SELECT 'a  b', 1"),
            FUNCTION.format("sql", "\n  SELECT 'a  b',\n\t1 \n"),
            id="white space of a body",
        ),
        pytest.param(
            "constraint",
            "ALTER DOMAIN public.x ADD CONSTRAINT c CHECK ((VALUE > 0)) NOT VALID;",
            "ALTER DOMAIN public.x ADD CONSTRAINT c CHECK ((VALUE > 0));",
            id="a domain's constraint stays validated",
        ),
        pytest.param(
            "foreign key",
            "ALTER TABLE public.x\n    ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES public.t(a) NOT VALID;",
            "ALTER TABLE public.x\n    ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES public.t(a);",
            id="a foreign key stays validated",
        ),
        pytest.param(
            "type",
            "CREATE TYPE public.x AS ENUM (\n    'a',\n    'c'\n);",
            "CREATE TYPE public.x AS ENUM (\n    'a',\n    'b''s',\n    'c'\n);",
            id="an enum keeps a value",
        ),
    ],
)
def test_what_no_rollback_needs_to_undo_is_a_note(kind, before, after):
    assert harmless(changed(kind, before, after), is_kept=True)
    assert not harmless(changed(kind, after, before), is_kept=True) or kind == "function"


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        pytest.param(
            "function",
            FUNCTION.format("sql", "SELECT 'a b'"),
            FUNCTION.format("sql", "SELECT 'a  b'"),
            id="in a literal",
        ),
        pytest.param(
            "function",
            FUNCTION.format("sql", "SELECT 1e5"),
            FUNCTION.format("sql", "SELECT 1 e5"),
            id="a number and an alias",
        ),
        pytest.param(
            "function",
            FUNCTION.format("plpython3u", "if x:\n  return 1"),
            FUNCTION.format("plpython3u", "if x:\n return 1"),
            id="a language in which it counts",
        ),
        pytest.param(
            "function",
            FUNCTION.format("sql", "SELECT 1"),
            FUNCTION.format("sql", "SELECT 1").replace("integer", "bigint"),
            id="the head",
        ),
        pytest.param(
            "type",
            "CREATE TYPE public.x AS ENUM (\n    'a',\n    'b'\n);",
            "CREATE TYPE public.x AS ENUM (\n    'b',\n    'a',\n    'c'\n);",
            id="values in another order",
        ),
        pytest.param(
            "constraint",
            "ALTER TABLE public.x\n    ADD CONSTRAINT c CHECK ((a > 0)) NOT VALID;",
            "ALTER TABLE public.x\n    ADD CONSTRAINT c CHECK ((a > 1));",
            id="another constraint",
        ),
    ],
)
def test_what_counts_is_a_difference(kind, before, after):
    assert harmless(changed(kind, before, after), is_kept=True) is None


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("extension version", "1.6", "1.4"),
        (
            "type",
            "CREATE TYPE public.x AS ENUM (\n    'a'\n);",
            "CREATE TYPE public.x AS ENUM (\n    'a',\n    'b'\n);",
        ),
    ],
)
def test_what_the_rollback_itself_has_made_is_no_note(kind, before, after):
    difference = changed(kind, before, after)
    at_first, afterwards = (
        Catalog({(kind, "public.x"): CatalogObject(kind, "public.x", sql)}) for sql in (before, after)
    )
    assert without_harmless([difference], since=at_first) == ((difference,), ())
    left, notes = without_harmless([difference], since=afterwards)
    assert not left
    assert "public.x keeps" in notes[0]


@pytest.mark.parametrize(
    ("after", "is_note"),
    [
        ("a integer CONSTRAINT n NOT NULL DEFAULT 1", True),
        ("a integer NOT NULL DEFAULT 1", True),
        ("a integer CONSTRAINT n NOT NULL DEFAULT 2", False),
        ("a bigint CONSTRAINT n NOT NULL DEFAULT 1", False),
    ],
)
def test_a_not_null_that_stays_validated_is_one_note(after: str, is_note: bool) -> None:
    sql = "ALTER TABLE public.t\n    ADD CONSTRAINT n NOT NULL a NOT VALID;"
    found = [
        Difference("column", "public.t.a", Change.CHANGED, "a integer DEFAULT 1", after),
        Difference("constraint", "n on public.t", Change.MISSING, sql, None),
    ]
    counting, notes = without_harmless(found, since=Catalog())
    assert notes == (
        ("constraint n on public.t stays validated, which allows nothing that was refused before",)
        if is_note
        else ()
    )
    assert list(counting) == ([] if is_note else found)
