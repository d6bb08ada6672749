"""An error inside a body is placed at its line of the file, however the server counts there."""

from __future__ import annotations

import pytest

HEAD = "-- why\n\nCREATE TABLE z (id int);\n"


@pytest.mark.parametrize("head", ["", "-- transactional: false\n"], ids=["one transaction", "piecemeal"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(
    ("text", "place", "marked"),
    [
        pytest.param(
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nDECLARE a int;\nBEGIN\n  RETRUN a;\nEND $$;",
            (4, 3),
            "RETRUN",
            id="a syntax error in plpgsql",
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS $body$\n  SELECT 1;\n  SELECT count(bogus) FROM z;\n$body$;",
            (3, 16),
            "bogus",
            id="a function of SQL",
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS '\n  SELECT ''a'';\n  SELECT ''b'' || bogus';",
            (3, 19),
            "bogus",
            id="a body in quotes",
        ),
        pytest.param(
            "DO $$\nBEGIN\n  PERFORM 1;\n  IF true THEN\n    PERFORM bogus FROM z;\n  END IF;\nEND $$;",
            (5, 13),
            "bogus",
            id="a query of a DO",
        ),
        pytest.param(
            "DO $$\nBEGIN\n  EXECUTE 'SELECT bogus FROM z';\nEND $$;",
            (3, 19),
            "bogus",
            id="EXECUTE of a text",
        ),
        pytest.param(
            "DO $$\nBEGIN\n  EXECUTE format('SELECT %I FROM z', 'bogus');\nEND $$;",
            (3, 3),
            "EXECUTE format",
            id="EXECUTE of what is put together",
        ),
        pytest.param(
            "DO $$\nDECLARE a int;\nBEGIN\n  a := 1 + bogus;\nEND $$;", (4, 12), "bogus", id="an expression"
        ),
        pytest.param("DO $$\nBEGIN\n\n  RAISE 'no';\nEND $$;", (4, 3), "RAISE", id="RAISE"),
        pytest.param("DO $$\nBEGIN\n  PERFORM 1/0;\nEND $$;", (3, 3), "PERFORM", id="at run time"),
        pytest.param(
            "CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$ BEGIN\n RETURN 1/0; END $$;\n"
            "DO $$\nBEGIN\n  PERFORM 1;\n  PERFORM g();\nEND $$;",
            (6, 3),
            "PERFORM g()",
            id="in a function that a DO calls",
        ),
    ],
)
def test_the_place_is_in_the_body(project, head, newline, text, place, marked):
    whole = f"{head}{HEAD}{text}"
    project.write("0001_a", whole.replace("\n", newline))
    done = project.run("migrate", "--json")
    assert done.code == 1
    where = done.data["error"]["where"]
    line = place[0] + (head + HEAD).count("\n")
    assert (where["line"], where["column"]) == (line, place[1])
    assert whole.splitlines()[line - 1][place[1] - 1 :].startswith(marked)


def test_the_query_that_failed_is_shown_without_its_password(project):
    project.write(
        "0001_a",
        "DO $$\nBEGIN\n  EXECUTE format('ALTER ROLE nobody_at_all PASSWORD %L', 'sec' || 'ret');\nEND $$;",
    )
    done = project.run("migrate")
    assert done.code == 1
    assert "sec" not in done.err.replace("'sec' ||", "")
    project.write("0001_a", "DO $$\nBEGIN\n  EXECUTE 'SELECT ' || 'bogus';\nEND $$;")
    assert "Query: SELECT bogus" in project.run("migrate").err


def test_the_place_is_that_of_its_file_among_others(project):
    for n in range(4):
        project.write(f"000{n}_a", f"SELECT {n};")
    project.write("0004_b", "SELECT 1;\nDO $$\nBEGIN\n  PERFORM bogus;\nEND $$;")
    assert "at migrations/0004_b.sql:4:11" in project.run("migrate").err
