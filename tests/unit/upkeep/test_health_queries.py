"""Query files: what their headers say, thresholds, and where they are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import ConfigurationError, FileError, UsageError
from runner.settings import load
from runner.upkeep.health import Level, load_queries
from runner.upkeep.health.condition import parse_condition
from runner.upkeep.health.header import parse_query
from runner.upkeep.health.query_files import BUILT_IN, check_names
from runner.upkeep.health.result import weigh

HEADER = "-- What is there.\n-- worry: when\n--   it grows.\n-- do: look.\n"
SHIPPED = sorted([*BUILT_IN.glob("*.sql"), *BUILT_IN.glob("*/*.sql")])


def query(directives: str = "", sql: str = "SELECT 1 AS a;"):
    return parse_query("q", "sql/health/q.sql", f"{HEADER}{directives}{sql}\n")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_each_shipped_query_says_what_it_shows_when_to_worry_and_what_to_do(path):
    found = parse_query(path.stem, str(path), path.read_text("utf-8"))
    for text in (found.shows, found.worry, found.do):
        assert len(text) > 20
    assert found.sql.rstrip().endswith(";")
    for word in ("pg_class ", "pg_stat_activity ", "count(", "round("):
        for line in found.sql.splitlines():
            if not line.startswith("--") and word in line:
                assert f"pg_catalog.{word}" in line, line


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("COMMIT; DROP TABLE t; SELECT 1 AS n", "the file holds 3 statements"),
        ("", "the file holds 0 statements"),
        ("SELECT 'a", "unterminated string"),
    ],
    ids=["several", "none", "unclosed"],
)
def test_a_file_is_one_statement_so_that_none_ends_the_read_only_transaction(sql, said):
    with pytest.raises(FileError, match=said) as caught:
        query(sql=sql)
    assert str(caught.value.where) == "sql/health/q.sql"


def test_a_line_that_is_like_no_directive_is_prose():
    found = query("-- noqa: LT01\n-- team: billing\n-- warn: a > 1\n")
    assert found.do == "look. noqa: LT01 team: billing"
    assert found.warn is not None


def test_the_project_and_the_program_have_the_same_files():
    assert BUILT_IN.resolve() == (Path(__file__).parents[3] / "sql/health").resolve()
    assert len(list(BUILT_IN.glob("*.sql"))) >= 20


def test_a_header_is_read():
    found = query(
        "-- warn: a > 1GB and b = false\n-- problem: any row\n-- labels: a, b\n-- sees: sessions, tables\n"
        "-- needs: table public.t, public.u\n"
    )
    assert (found.shows, found.worry, found.do) == ("What is there.", "when it grows.", "look.")
    assert found.labels == ("a", "b")
    assert found.tables == ("public.t", "public.u")
    assert [(term.column, term.operator, term.value) for term in found.warn.terms] == [
        ("a", ">", 2**30),
        ("b", "=", False),
    ]
    assert query("-- labels: none\n").labels == ()
    assert query("-- needs: extension pg_stat_statements\n").extension == "pg_stat_statements"
    assert not query().is_check


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("SELECT 1;", "does not say what it shows", id="no header"),
        pytest.param("-- What.\nSELECT 1;", "does not say when to worry", id="no worry"),
        pytest.param("-- What.\n-- worry: a\nSELECT 1;", "does not say what to do", id="no remedy"),
        pytest.param(f"{HEADER}-- worn: a > 1\nSELECT 1;", 'unknown directive "worn"', id="typing error"),
        pytest.param(f"{HEADER}-- sees: all\nSELECT 1;", "nothing that a role may see", id="sees"),
        pytest.param(f"{HEADER}-- needs: luck\nSELECT 1;", "nothing that a query may need", id="needs"),
    ],
)
def test_a_header_that_is_not_understood_is_refused_with_its_place(text, said):
    with pytest.raises(FileError) as caught:
        parse_query("q", "sql/health/q.sql", text)
    assert said in caught.value.message
    assert str(caught.value.where).startswith("sql/health/q.sql:")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "row", "holds"),
    [
        ("a > 80", {"a": 80.5}, True),
        ("a > 80", {"a": 80}, False),
        ("a >= 80", {"a": 80}, True),
        ("a < 1.5", {"a": 1}, True),
        ("a <= -1", {"a": 0}, False),
        ("a != 3", {"a": 4}, True),
        ("a > 10MB", {"a": 10 * 2**20 + 1}, True),
        ("a > 2h", {"a": 7199}, False),
        ("a > 2d", {"a": 172_801}, True),
        ("a > 1 and b = false", {"a": 2, "b": False}, True),
        ("a > 1 and b = false", {"a": 2, "b": True}, False),
        ("a = 'lost'", {"a": "lost"}, True),
        ("a = 'lost'", {"a": 3}, False),
        ("a > 1", {"a": None}, False),
        ("any row", {}, True),
    ],
)
def test_a_threshold_is_met_or_not(text, row, holds):
    assert parse_condition(text).holds(row) is holds


@pytest.mark.parametrize(
    "text", ["", "a", "a >", "> 3", "a > b", "a > 3 apples", "a ~ 3", "a > 1 or b > 2", "A > 1"]
)
def test_what_is_no_threshold_is_refused(text):
    with pytest.raises(ValueError, match="is no"):
        parse_condition(text)


def test_an_answer_is_as_bad_as_its_worst_row():
    found = query("-- warn: a > 1\n-- problem: a > 2\n")
    level, rows = weigh(found, ["a"], [[1], [2], [3]])
    assert level is Level.PROBLEM
    assert [row.level for row in rows] == [Level.OK, Level.WARNING, Level.PROBLEM]
    assert weigh(found, ["a"], [])[0] is Level.OK
    assert weigh(query(), ["a"], [[1]])[0] is Level.INFO


def test_a_threshold_on_a_column_that_is_not_there_is_refused():
    with pytest.raises(FileError, match="warn names b, and the query has no such column"):
        weigh(query("-- warn: b > 1\n"), ["a"], [])
    with pytest.raises(FileError, match="labels names b"):
        weigh(query("-- labels: b\n"), ["a"], [])


@pytest.fixture
def project(tmp_path):
    (tmp_path / "sql/health/shop").mkdir(parents=True)
    return load(environ={}, project=tmp_path, flags={})


def write(settings, name: str) -> None:
    path = settings.health_dir / name
    path.write_text(f"{HEADER}-- warn: a > 1\nSELECT 1 AS a; -- {name}\n")


def test_a_projects_query_is_added_or_stands_in_for_the_programs_own(project):
    write(project, "mine.sql")
    write(project, "blocking.sql")
    write(project, "shop/connections.sql")
    found = load_queries(project, "shop", {})
    assert found["mine"].path == "sql/health/mine.sql"
    assert found["blocking"].path == "sql/health/blocking.sql"
    assert found["connections"].path == "sql/health/shop/connections.sql"
    assert "wraparound" in found
    assert list(found) == sorted(found)
    assert load_queries(project, "other", {})["connections"].path.endswith("queries/connections.sql")


def test_thresholds_of_the_settings_replace_those_of_the_file(project):
    found = load_queries(project, None, {"connections": {"warn": "used > 5", "problem": ""}})["connections"]
    assert found.warn.text == "used > 5"
    assert found.problem is None
    assert (
        load_queries(project, None, {"connections": {"warn": "used > 5"}})["connections"].problem is not None
    )


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ({"warn": "many"}, "is no threshold"),
        ({"warm": "used > 5"}, 'has no "warm"'),
        ("used > 5", "is no table of thresholds"),
        ({"warn": 5}, "is no table of thresholds"),
    ],
)
def test_thresholds_that_are_not_understood_are_refused(project, levels, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        load_queries(project, None, {"connections": levels})
    assert str(caught.value.where) == "runner.toml"


def test_a_name_that_no_query_has_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match='no health query "lock"'):
        check_names(["lock"], {}, ["locks"])
    with pytest.raises(ConfigurationError) as caught:
        check_names([], {"lock": {}}, ["locks"])
    assert caught.value.hint == "Perhaps you meant locks."
