"""A view's query is spelled as PostgreSQL 16 and later spell it, wherever it was read."""

from __future__ import annotations

import pytest

from runner.schema.catalog.views import canonical_view


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        pytest.param(" SELECT users.id\n   FROM users;", " SELECT id\n   FROM users;", id="one relation"),
        pytest.param(
            ' SELECT "U".id\n   FROM public.users "U";',
            ' SELECT id\n   FROM public.users "U";',
            id="quoted alias",
        ),
        pytest.param(
            " SELECT (u.home).street AS s,\n    u.*::users AS u\n   FROM users u;",
            " SELECT (home).street AS s,\n    u.*::users AS u\n   FROM users u;",
            id="a field stays a field, a row a row",
        ),
        pytest.param(
            " SELECT a.id\n   FROM (a\n     JOIN b ON ((b.id = a.id)));",
            " SELECT a.id\n   FROM (a\n     JOIN b ON ((b.id = a.id)));",
            id="a join keeps its qualifiers",
        ),
        pytest.param(
            " SELECT a.id\n   FROM a,\n    b;",
            " SELECT a.id\n   FROM a,\n    b;",
            id="two relations keep theirs",
        ),
        pytest.param(
            " SELECT a.id\n   FROM a\nUNION\n SELECT b.id\n   FROM b;",
            " SELECT a.id\n   FROM a\nUNION\n SELECT b.id\n   FROM b;",
            id="a union keeps its qualifiers",
        ),
        pytest.param(
            " SELECT a.x,\n    ( SELECT count(*) AS count\n           FROM b\n          WHERE (b.y = a.x)) AS n\n   FROM a;",
            " SELECT x,\n    ( SELECT count(*) AS count\n           FROM b\n          WHERE (b.y = a.x)) AS n\n   FROM a;",
            id="a subquery keeps its qualifiers",
        ),
        pytest.param(
            " WITH a AS (\n         SELECT b.x\n           FROM b\n        )\n SELECT a.x\n   FROM a;",
            " WITH a AS (\n         SELECT b.x\n           FROM b\n        )\n SELECT x\n   FROM a;",
            id="a common table keeps its qualifiers",
        ),
        pytest.param(
            " SELECT app.f(app.n, 3) AS f,\n    'x'::app.mood AS m,\n    (app.t COLLATE app.c) AS c\n   FROM public.app;",
            " SELECT app.f(n, 3) AS f,\n    'x'::app.mood AS m,\n    (t COLLATE app.c) AS c\n   FROM public.app;",
            id="a schema of the relation's name is left alone",
        ),
        pytest.param(
            " SELECT EXTRACT(year FROM a.at) AS y,\n    'a.x'::text AS t,\n    E'\\'a.x' AS e\n   FROM a;",
            " SELECT EXTRACT(year FROM at) AS y,\n    'a.x'::text AS t,\n    E'\\'a.x' AS e\n   FROM a;",
            id="FROM within a call, and texts",
        ),
        pytest.param(
            " SELECT a.b,\n    upper(a.b) AS c,\n    a.c AS d\n   FROM a\n  ORDER BY a.b, a.c DESC, (a.d + 1);",
            " SELECT b,\n    upper(b) AS c,\n    c AS d\n   FROM a\n  ORDER BY b, c DESC, (d + 1);",
            id="ORDER BY a column that an output column hides",
        ),
        pytest.param(
            " SELECT DISTINCT ON (a.c, a.b, (a.d + 1)) a.b,\n    lower(a.b) AS c\n   FROM a\n  ORDER BY a.c;",
            " SELECT DISTINCT ON (a.c, b, (d + 1)) b,\n    lower(b) AS c\n   FROM a\n  ORDER BY a.c;",
            id="DISTINCT ON a column that an output column hides",
        ),
        pytest.param(
            " SELECT g.n\n   FROM generate_series(1, 3) WITH ORDINALITY g(n, i)\n  WHERE (g.i > 1);",
            " SELECT n\n   FROM generate_series(1, 3) WITH ORDINALITY g(n, i)\n  WHERE (i > 1);",
            id="a function",
        ),
        pytest.param(
            " SELECT a.x\n   FROM ONLY s.a TABLESAMPLE bernoulli (10) REPEATABLE (1)\n LIMIT 5;",
            " SELECT x\n   FROM ONLY s.a TABLESAMPLE bernoulli (10) REPEATABLE (1)\n LIMIT 5;",
            id="a sample",
        ),
        pytest.param(
            " VALUES (1,'a.x'::text), (2,'b'::text);", " VALUES (1,'a.x'::text), (2,'b'::text);", id="values"
        ),
    ],
)
def test_both_spellings_become_one(older: str, newer: str) -> None:
    assert canonical_view(older) == canonical_view(newer)
    if "ORDER BY" not in older:
        assert canonical_view(newer) == newer


def test_an_order_by_column_is_not_taken_for_an_output_column() -> None:
    query = " SELECT upper(name) AS name\n   FROM users\n  ORDER BY name;"
    assert canonical_view(query).endswith("ORDER BY users.name;")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        (" SELECT DISTINCT ON (t.a) lower(t.b) AS a\n   FROM t;", "ON (t.a) lower(b) AS a"),
        (" SELECT DISTINCT ON (t.a, t.b) t.a AS b,\n    t.b AS a\n   FROM t;", "ON (t.a, t.b) a AS b"),
        (" SELECT DISTINCT ON (t.b) t.a\n   FROM t;", "ON (b) a"),
        (" SELECT DISTINCT ON (((t.a + 1))) t.b AS a\n   FROM t;", "ON (((a + 1))) b AS a"),
        (
            " WITH w AS (\n         SELECT 1 AS a\n        )\n SELECT DISTINCT ON (w.a) w.a AS k,\n    2 AS a\n   FROM w;",
            "ON (w.a) a AS k",
        ),
    ],
)
def test_distinct_on_keeps_a_qualifier_that_decides_what_it_means(query: str, kept: str) -> None:
    assert kept in canonical_view(query)
