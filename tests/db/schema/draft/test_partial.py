"""What cannot be drafted is named with both versions and left to a person; the rest is drafted and proven."""

from __future__ import annotations

import pytest


def without_sad(text: str) -> str:
    return text.replace("'sad',\n", "")


def test_what_cannot_be_drafted_gets_a_file_that_a_person_writes(drafting):
    drafted = drafting.draft(
        lambda text: without_sad(text).replace("note text,", "note text,\n    remark text,")
    )
    assert drafted.code == 3, drafted.err
    assert "migrations/0002_change.sql  proven" in drafted.out
    assert "migrations/0003_change_by_hand.sql  to be written" in drafted.out
    assert "type public.mood: " in drafted.out
    assert "-    'sad'," in drafted.out
    assert (
        "proven: 0002_change give the wanted schema, apart from type public.mood; not proven: 0003"
        in drafted.out
    )
    assert "ADD COLUMN remark text;" in drafting.files["0002_change"]
    assert "--  | -    'sad'," in drafting.files["0003_change_by_hand"]
    refused = drafting.project.run("migrate", "--no-validate")
    assert refused.code == 2
    assert "the file is unchanged since runner wrote it" in refused.err
    assert drafting.project.run("lint").code == 3
    drafting.project.write(
        "0003_change_by_hand",
        "ALTER TABLE public.orders ALTER feels TYPE text; DROP TYPE public.mood;\n"
        "CREATE TYPE public.mood AS ENUM ('ok'); ALTER TABLE public.orders ALTER feels TYPE public.mood"
        " USING feels::public.mood;\n",
        "SELECT 1;\n",
    )
    drafting.project.ok("migrate", "--no-validate")
    again = drafting.project.run("draft", "again", "--scratch-url", drafting.project.url)
    assert "nothing to draft" in again.out


def test_it_is_given_as_json(drafting):
    done = drafting.draft(without_sad, "--json")
    assert done.code == 3
    (undrafted,) = done.data["undrafted"]
    assert (undrafted["kind"], undrafted["identity"]) == ("type", "public.mood")
    assert "'sad'" in undrafted["present"]
    assert "'sad'" not in undrafted["wanted"]
    assert done.data["files"] == []
    assert done.data["by_hand"] == {
        "id": "0002_change_by_hand",
        "path": "migrations/0002_change_by_hand.sql",
        "rollback": "migrations/0002_change_by_hand.rollback.sql",
    }
    assert done.data["proof"].startswith("nothing was proven; not proven: 0002_change_by_hand")


@pytest.mark.parametrize(
    ("change", "undrafted", "drafted"),
    [
        pytest.param(
            "CREATE TABLE p (a int, b int) PARTITION BY LIST (b); CREATE TABLE q (a int);",
            ["table public.p"],
            "CREATE TABLE public.q (",
            id="partition key",
        ),
        pytest.param(
            "CREATE TABLE p (a int, b int) PARTITION BY LIST (a); CREATE TABLE q (a int);"
            " CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;",
            ["conversion public.c"],
            "CREATE TABLE public.q (",
            id="of a kind that is not described",
        ),
        pytest.param(
            "CREATE TABLE p (a int, b int, c int) PARTITION BY LIST (b); CREATE INDEX ON p (c); CREATE TABLE q (a int);",
            ["index p_c_idx on public.p", "table public.p"],
            "CREATE TABLE public.q (",
            id="with what needs it",
        ),
    ],
)
def test_what_can_be_drafted_beside_it_is(drafting, change, undrafted, drafted):
    drafting.project.write(
        "0002_p", "CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\n", "DROP TABLE p;\n"
    )
    drafting.project.ok("migrate", "--no-validate")
    done = drafting.draft(change, "--json")
    assert done.code == 3, done.err
    assert sorted(f"{each['kind']} {each['identity']}" for each in done.data["undrafted"]) == undrafted
    assert drafted in drafting.files["0003_change"]
