"""Differences between catalogues and against a committed text."""

from __future__ import annotations

import pytest

from runner.files.sqltext.tokens import SqlSyntaxError
from runner.schema.catalog.differences import compare_text, diff, unified_diff
from runner.schema.catalog.objects import Catalog, CatalogObject, Change
from runner.schema.catalog.parse import identify, parse
from runner.schema.catalog.render import render


def catalog(*objects: CatalogObject) -> Catalog:
    return Catalog({item.key: item for item in objects})


USERS = CatalogObject(
    "table", "public.users", "CREATE TABLE public.users (\n    id integer NOT NULL,\n    role text\n);"
)
INDEX = CatalogObject(
    "index",
    "users_role on public.users",
    "CREATE INDEX users_role ON public.users USING btree (role);",
    "public.users",
)
GRANT = CatalogObject(
    "grant", "on table public.users to app", "GRANT SELECT ON TABLE public.users TO app;", "public.users"
)
TOUCH = CatalogObject(
    "function", "public.touch(integer)", "CREATE OR REPLACE FUNCTION public.touch(a integer)\nAS $$;\n\n;$$;"
)
ALL = catalog(USERS, INDEX, GRANT, TOUCH)


def lines(expected: Catalog, actual: Catalog) -> list[str]:
    return [str(difference) for difference in diff(expected, actual)]


def test_equal_catalogues_have_no_differences_in_whatever_order() -> None:
    assert diff(ALL, catalog(TOUCH, GRANT, INDEX, USERS)) == []
    assert catalog(TOUCH, GRANT, INDEX, USERS) == ALL


def test_what_goes_with_a_table_is_told_with_it() -> None:
    (difference,) = diff(ALL, catalog(TOUCH))
    assert str(difference) == "missing table public.users"
    assert difference.expected_sql == "\n\n".join(item.sql for item in (USERS, INDEX, GRANT))
    assert diff(catalog(TOUCH), ALL)[0].change is Change.UNEXPECTED


def test_a_missing_index_is_named_with_its_table() -> None:
    assert lines(ALL, catalog(USERS, GRANT, TOUCH)) == ["missing index users_role on public.users"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param(
            "id integer NOT NULL,\n    role text,\n    note text",
            ["unexpected column public.users.note"],
            id="more",
        ),
        pytest.param("role text", ["missing column public.users.id"], id="fewer"),
        pytest.param(
            "id bigint NOT NULL,\n    role text", ["changed column public.users.id"], id="another type"
        ),
        pytest.param(
            "role text,\n    id integer NOT NULL",
            ["changed column order of public.users"],
            id="another order",
        ),
    ],
)
def test_columns_are_told_one_by_one(columns: str, expected: list[str]) -> None:
    changed = CatalogObject("table", "public.users", f"CREATE TABLE public.users (\n    {columns}\n);")
    assert lines(ALL, catalog(changed, INDEX, GRANT, TOUCH)) == expected


def test_a_committed_text_is_compared_object_by_object() -> None:
    text = render(ALL)
    assert compare_text(text, ALL) == []
    assert parse(text).objects.keys() == {
        USERS.key,
        INDEX.key,
        GRANT.key,
        ("function", "public.touch(a integer)"),
    }
    without_index = text.replace(INDEX.sql, "")
    assert [str(d) for d in compare_text(without_index, ALL)] == [
        "unexpected index users_role on public.users"
    ]
    assert [str(d) for d in compare_text(text, catalog(USERS, GRANT))] == [
        "missing index users_role on public.users",
        "missing function public.touch(a integer)",
    ]


def test_edits_by_hand_between_statements_do_not_matter() -> None:
    remark = "-- a remark; with a semicolon\n/* another; */"
    edited = "\n".join(f"{remark}\n\n\n{item.sql} -- why" for item in (TOUCH, GRANT, INDEX, USERS))
    assert compare_text(edited, ALL) == []


def test_a_function_with_other_arguments_is_changed_not_missing() -> None:
    other = CatalogObject(
        "function", "public.touch(text)", TOUCH.sql.replace("a integer", "a text DEFAULT 'b, c)'")
    )
    (difference,) = compare_text(render(ALL), catalog(USERS, INDEX, GRANT, other))
    assert str(difference) == "changed function public.touch(text)"


def test_a_statement_of_another_kind_in_the_text_is_missing_from_the_database() -> None:
    (difference,) = compare_text(render(ALL) + "\nCREATE CONVERSION c;\n", ALL)
    assert str(difference) == "missing statement CREATE CONVERSION c"


def test_a_text_that_cannot_be_cut_says_so() -> None:
    with pytest.raises(SqlSyntaxError):
        compare_text("CREATE TABLE a (b text DEFAULT 'x);", ALL)


def test_the_unified_diff_is_sql_with_labels() -> None:
    text = unified_diff(
        render(ALL), render(catalog(USERS, GRANT, TOUCH)), "sql/schema/app.sql", "the database"
    )
    assert text.splitlines()[:2] == ["--- sql/schema/app.sql", "+++ the database"]
    assert "-CREATE INDEX users_role ON public.users USING btree (role);" in text.splitlines()
    assert unified_diff("a\n", "a\n", "x", "y") == ""


@pytest.mark.parametrize(
    ("sql", "kind", "identity", "parent"),
    [
        ('CREATE UNIQUE INDEX "a b" ON ONLY s."t.u" (x)', "index", '"a b" on s."t.u"', 's."t.u"'),
        (
            "ALTER TABLE ONLY s.t\n    ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES s.u(b)",
            "foreign key",
            "c on s.t",
            "s.t",
        ),
        ("ALTER DOMAIN s.d ADD CONSTRAINT c CHECK (VALUE > 0)", "constraint", "c on domain s.d", "s.d"),
        (
            "CREATE TRIGGER t AFTER UPDATE OF a, b OR DELETE ON s.t FOR EACH ROW EXECUTE FUNCTION s.f()",
            "trigger",
            "t on s.t",
            "s.t",
        ),
        ("COMMENT ON COLUMN s.t.c IS 'x IS ''y'''", "comment", "on column s.t.c", "s.t"),
        ("COMMENT ON CONSTRAINT c ON DOMAIN s.d IS 'x'", "comment", "on constraint c on domain s.d", "s.d"),
        (
            'GRANT SELECT (a, b) ON TABLE s.t TO "r ole" WITH GRANT OPTION',
            "grant",
            'on table s.t to "r ole"',
            "s.t",
        ),
        (
            "REVOKE ALL ON FUNCTION s.f(integer,text) FROM PUBLIC",
            "revoke",
            "on function s.f(integer,text) from PUBLIC",
            "s.f(integer,text)",
        ),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA b REVOKE ALL ON TABLES FROM c",
            "default privileges",
            "for role a in schema b revoke on tables from c",
            "b",
        ),
        (
            "CREATE PROCEDURE s.p(IN a numeric(10,2) DEFAULT 1, b text DEFAULT 'x, y')",
            "procedure",
            "s.p(IN a numeric(10,2), b text)",
            None,
        ),
    ],
)
def test_a_statement_tells_its_object(sql: str, kind: str, identity: str, parent: str | None) -> None:
    assert tuple(identify(sql)) == (kind, identity, parent)
