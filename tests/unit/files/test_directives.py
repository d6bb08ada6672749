"""A comment's line is a directive, evidently meant to be one, or prose; only the second is an error."""

from __future__ import annotations

import pytest

from runner import settings
from runner.files.migrations.evident import NAMES, evident, nearest_name
from runner.files.migrations.layout import find_layouts
from runner.files.migrations.load import load

RIGHT = {
    "depends": "0000_first",
    "transactional": "false",
    "irreversible": "the rows are gone",
    "lock_timeout": "5s",
    "statement_timeout": "2min",
    "idle_in_transaction_session_timeout": "1min",
    "concurrently_timeout": "1h",
    "lock_retries": "20",
    "max_blocked": "5",
    "batch": "pause 200ms, at most 5",
    "parallel": "4",
    "copy": "app.country (code, name) from data/country.csv",
    "lint": "allow truncate -- drafts",
}


@pytest.fixture
def problems(tmp_path):
    """Return the problems of a file with this comment, as message and place."""

    def read(text, rollback=None):
        folder = tmp_path / "migrations"
        folder.mkdir(exist_ok=True)
        (folder / "0000_first.sql").write_text("SELECT 1;\n", "utf-8")
        (folder / "0001_a.sql").write_text(text, "utf-8")
        if rollback is not None:
            (folder / "0001_a.rollback.sql").write_text(rollback, "utf-8")
        (layout,) = find_layouts(settings.load(environ={}, project=tmp_path, flags={}))
        return load(layout, tmp_path)[1].problems

    return read


def test_every_directive_is_tried_here():
    assert set(RIGHT) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_directive_as_it_should_be_is_no_problem(problems, name):
    beside = "-- transactional: false\n" if name == "parallel" else ""
    assert problems(f"{beside}-- {name}: {RIGHT[name]}\nSELECT 1;\n") == ()


def _leave_out(name):
    return f"-- {name[:2]}{name[3:]}: {RIGHT[name]}"


def _swap(name):
    return f"-- {name[:2]}{name[3]}{name[2]}{name[4:]}: {RIGHT[name]}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda n: f"-- {n.capitalize()}: {RIGHT[n]}", id="capital"),
        pytest.param(lambda n: f"-- {n.upper()}: {RIGHT[n]}", id="upper case"),
        pytest.param(lambda n: f"-- {n}={RIGHT[n]}", id="equals"),
        pytest.param(lambda n: f"-- {n} = {RIGHT[n]}", id="equals with spaces"),
        pytest.param(lambda n: f"-- {n} := {RIGHT[n]}", id="assignment"),
        pytest.param(lambda n: f"-- - {n}: {RIGHT[n]}", id="a list"),
        pytest.param(lambda n: f"--- {n}: {RIGHT[n]}", id="three dashes"),
        pytest.param(lambda n: f"-- @{n}: {RIGHT[n]}", id="at"),
        pytest.param(_leave_out, id="a missing letter"),
        pytest.param(_swap, id="swapped letters"),
        pytest.param(lambda n: f"-- {n[:-1]}{n[-2:]}: {RIGHT[n]}", id="a doubled letter"),
        pytest.param(lambda n: f"-- {n}" if n == "irreversible" else f"-- {n} {RIGHT[n]}", id="no colon"),
        pytest.param(lambda n: f"/* {n.title()}: {RIGHT[n]} */", id="in a block comment"),
    ],
)
def test_what_is_evidently_a_directive_is_an_error_with_the_right_spelling(problems, write, name):
    (problem,) = problems(f"{write(name)}\nSELECT 1;\n")
    assert f"-- {name}:" in problem.hint
    assert problem.where.line == 1


@pytest.mark.parametrize("name", NAMES)
def test_what_is_evidently_a_directive_is_found_after_the_first_statement(problems, name, tmp_path):
    from runner.errors import FileError
    from runner.files.migrations.units import check_script

    (layout,) = [
        layout
        for _ in [problems(f"SELECT 1;\n-- {name.upper()}: {RIGHT[name]}\nSELECT 2;\n")]
        for layout in find_layouts(settings.load(environ={}, project=tmp_path, flags={}))
    ]
    with pytest.raises(FileError, match=f'directive "{name.upper()}" after the first statement'):
        check_script(load(layout, tmp_path)[1].apply)


@pytest.mark.parametrize(
    "line",
    [
        "-- sampling: 248 rows",
        "-- team: billing",
        "-- noqa: disable=LT01",
        "-- sqlfluff:dialect:postgres",
        "-- vim: set ft=sql:",
        "/* restructuring: the orders\n   jira: OPS-1\n*/",
        "-- code: 42",
        "-- link: https://example.org/1",
        "-- list: a, b",
        "-- hint: see the wiki",
        "-- patch: 3",
        "-- branch: main",
        "-- match: full",
        "-- timeout: none",
        "-- Copy: the rows of last year",
        "-- Parallel: no",
        "-- Batch: the nightly one",
        "-- Depends on the release of the billing team",
        "-- Depends: see the ticket",
        "-- copy rows from the old table",
        "-- transactional DDL is what makes this safe",
        "-- irreversible changes are in the next file",
        "-- batch jobs must be stopped first",
        "-- lint found nothing",
        "-- parallel workers are off",
        "-- the old value: lock_timeout = 5s",
        "-- squawk-ignore ban-drop-column",
        "-- runner: written by hand",
        "-- copy: paste from old system",
        "/*\n * copy: old\n */",
        "-- batch: the nightly one",
        "-- parallel: see the wiki",
        "-- Note\u00a0: see the wiki",
        "-- copy\u00a0: paste from old system",
        "-- lint\u00a0: rien",
        "-- La table\u00a0: lock_timeout est de 5s",
    ],
)
def test_prose_is_prose(problems, line):
    assert problems(f"{line}\nSELECT 1;\n") == ()


def test_all_problems_of_a_file_are_found(problems):
    text = "-- Batch: true\n-- lock_timeout: soon\n-- transactionnal: false\n-- depends: nobody\nSELECT 1;\n"
    assert len(problems(text, rollback="-- lock_retries = 3\n-- depends: x\nSELECT 1;\n")) == 6


def test_names_are_compared_by_letters():
    assert nearest_name("locktimeout") == "lock_timeout"
    assert nearest_name("depends_on") == "depends"
    assert nearest_name("nothing") is None


@pytest.mark.parametrize(
    "line", ["transactional -> false", "transactional; false", "batch - true", "lock_timeout => 5s"]
)
def test_other_signs_are_no_prose_where_the_value_fits(line):
    name = line.split()[0].rstrip(";")
    found = evident(line, 0, lambda _, value: value in {"true", "false", "5s"})
    assert found is not None
    assert found.right.startswith(f"-- {name}: ")
    assert evident(f"{name} - as before", 0, lambda *_: False) is None


@pytest.mark.parametrize(
    "letter",
    [
        *"\u00a0\u1680\u2000\u2003\u2007\u2009\u200a\u202f\u205f\u3000\u2800\u3164\uffa0\u115f",  # look like a space
        *"\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u2060\u2063\u202a\u2066\ufe0f\ufeff\U000e0100\U000e0001",
        *"\x01\x1c\x1f\x7f\x9f\v\f\x85\u2028\u2029",  # controls, and what an editor may take for a line's end
    ],
    ids=lambda letter: f"U+{ord(letter):04X}",
)
def test_an_invisible_character_makes_no_directive_prose(problems, letter):
    for name in NAMES if letter in "\u00a0\u200b" else ("batch", "lock_timeout"):
        _make_no_prose(problems, name, letter)


def _make_no_prose(problems, name, letter):
    value = RIGHT[name]
    lines = [f"--{letter}{name}: {value}", f"-- {letter} {name}: {value}", f"-- {name}{letter}: {value}"]
    if name not in {"irreversible", "lint", "copy"}:  # where any character may stand in the value
        lines += [f"-- {name}:{letter}{value}", f"-- {name}: {value}{letter}"]
    if letter not in "\v\f\x85\u2028\u2029" and letter not in _BLANK:
        lines.append(f"-- {name[:2]}{letter}{name[2:]}: {value}")
    for line in lines:
        (problem,) = problems(f"{line}\nSELECT 1;\n")
        assert f"the directive {name}: U+{ord(letter):04X}" in problem.message
        assert problem.hint.startswith(f"Delete the line and type: -- {name}: ")
        assert (problem.where.line, problem.where.column) == (1, line.index(letter) + 1)


_BLANK = "\u00a0\u1680\u2000\u2003\u2007\u2009\u200a\u202f\u205f\u3000\u2800\u3164\uffa0\u115f"


def test_a_reason_that_cannot_be_seen_is_none(problems):
    (problem,) = problems("-- irreversible: \u00a0\u200b\nDROP TABLE t;\n")
    assert "U+00A0 no-break space" in problem.message


def test_a_reason_and_a_path_may_contain_any_space(problems, tmp_path):
    (tmp_path / "land\u00a0karte.csv").write_text("a\n")
    text = "-- irreversible: les lignes\u00a0: perdues\n-- copy: t from 'land\u00a0karte.csv'\nSELECT 1;\n"
    assert problems(text) == ()


def test_an_invisible_character_after_the_first_statement_is_found(problems, tmp_path):
    from runner.errors import FileError
    from runner.files.migrations.units import check_script

    problems("SELECT 1;\n--\u00a0batch: true\nSELECT 2;\n")
    (layout,) = find_layouts(settings.load(environ={}, project=tmp_path, flags={}))
    with pytest.raises(FileError, match='directive "batch" after the first statement'):
        check_script(load(layout, tmp_path)[1].apply)


@pytest.mark.parametrize(
    "value",
    [
        "app.country(code name) from data/country.csv",
        "app.country data/country.csv",
        "app.country from nowhere",
        "country.csv",
        "app.country (code name) from x",
    ],
)
def test_a_copy_that_can_be_meant_is_no_prose(problems, value, tmp_path):
    from runner.errors import FileError
    from runner.files.migrations.units import check_script

    problems(f"-- copy: {value}\nSELECT 1;\n")
    (layout,) = find_layouts(settings.load(environ={}, project=tmp_path, flags={}))
    with pytest.raises(FileError, match="cop"):
        check_script(load(layout, tmp_path)[1].apply)


@pytest.mark.parametrize(
    "line", ["batch: yes", "batch: pauses of 5s", "batch: nightly", "parallel: four", "parallel: on 4"]
)
def test_a_wrong_value_is_an_error_where_it_can_be_meant(problems, line):
    assert len(problems(f"-- {line}\nSELECT 1;\n")) == 1
