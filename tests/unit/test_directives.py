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
