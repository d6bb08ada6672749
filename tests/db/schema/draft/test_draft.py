"""From the wanted schema to files that lead there and back, safe on a table in use."""

from __future__ import annotations

import psycopg
import pytest

from tests.db.schema.draft.golden import assert_golden_draft


def up(drafting) -> dict[str, str]:
    return {name: text for name, text in drafting.files.items() if not name.endswith(".rollback")}


def test_an_edited_snapshot_is_drafted_proven_and_applied(drafting):
    def edited(text: str) -> str:
        return text.replace("    note text,", "    note text,\n    remark text,") + (
            "\nCREATE INDEX orders_remark_idx ON public.orders USING btree (remark);\n"
            "COMMENT ON COLUMN public.orders.remark IS 'by hand';\n"
        )

    done = drafting.draft(edited)
    assert done.code == 0, done.err
    assert "migrations/0002_change.sql  proven\n    ACCESS EXCLUSIVE on public.orders" in done.out
    assert drafting.files == {
        "0002_change": "-- Change.\n\nALTER TABLE public.orders ADD COLUMN remark text;\n\n"
        "COMMENT ON COLUMN public.orders.remark IS 'by hand';",
        "0002_change.rollback": "-- Undo 0002_change.\n-- Loses column public.orders.remark, with its values.\n\n"
        "COMMENT ON COLUMN public.orders.remark IS NULL;\n\n"
        "ALTER TABLE public.orders DROP COLUMN remark;",
        "0003_change_indexes": "-- Change indexes.\n-- transactional: false\n\n"
        "CREATE INDEX CONCURRENTLY orders_remark_idx ON public.orders USING btree (remark);",
        "0003_change_indexes.rollback": "-- Undo 0003_change_indexes.\n-- transactional: false\n\n"
        "DROP INDEX CONCURRENTLY public.orders_remark_idx;",
    }
    drafting.applied()
    assert drafting.project.run("validate").code == 0


def test_the_same_draft_is_the_same_bytes(drafting):
    change = "ALTER TABLE orders ADD COLUMN a int DEFAULT 1, ADD b text; CREATE INDEX i ON orders (a);"
    assert drafting.draft(change).code == 0
    before = drafting.files
    for path in drafting.project.root.glob("migrations/*_change*.sql"):
        path.unlink()
    assert drafting.draft(change).code == 0
    assert drafting.files == before


PATTERNS = {
    "check": "ALTER TABLE orders ADD CHECK (length(note) < 9);",
    "foreign_key": "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;",
    "unique": "ALTER TABLE customers ADD UNIQUE (email);",
    "not_null": "ALTER TABLE orders ALTER note SET NOT NULL;",
    "value_for_each_row": "ALTER TABLE orders ADD token text NOT NULL DEFAULT md5(random()::text);",
    "enum_value": "ALTER TYPE mood ADD VALUE 'glad'; CREATE FUNCTION f() RETURNS mood LANGUAGE sql RETURN 'ok'::mood;",
    "new_table": "CREATE TABLE t (id int PRIMARY KEY, o bigint NOT NULL REFERENCES orders CHECK (o > 0)); CREATE INDEX ON t (o);",
    "type_under_a_view": "DROP VIEW noted; ALTER TABLE orders ALTER customer_id TYPE bigint; CREATE VIEW noted AS"
    " SELECT id, customer_id, note FROM orders WHERE note IS NOT NULL; GRANT SELECT ON noted TO PUBLIC;",
    "index": "CREATE INDEX ON orders (note);",
    "default": "ALTER TABLE orders ALTER note SET DEFAULT 'm';",
    "dropped_column": "ALTER TABLE orders DROP feels;",
}


@pytest.mark.parametrize("name", PATTERNS)
def test_a_table_in_use_is_changed_so_that_nobody_waits(drafting, name):
    done = drafting.draft(PATTERNS[name], "--allow-destroying")
    assert done.code == 0, done.err
    paths = sorted(drafting.project.root.glob("migrations/*_change*.sql"))
    text = "\n".join(f"-- ==== {path.name}\n{path.read_text('utf-8')}" for path in paths)
    with psycopg.connect(**drafting.project.parameters) as conn:
        assert_golden_draft(f"patterns/{name}", text, server_version=conn.info.server_version)
    if "-- irreversible: " in text:
        drafting.project.ok("migrate", "--no-validate")
    else:
        drafting.applied()
    again = drafting.project.run(
        "draft", "again", "--like", drafting.project.url, "--scratch-url", drafting.project.url
    )
    assert "nothing to draft" in again.out, again.out + again.err


def test_a_foreign_key_gives_up_before_a_writer_is_in_a_deadlock(drafting):
    assert drafting.draft("ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;").code == 0
    for name in ("0002_change", "0002_change.rollback"):
        assert "-- lock_timeout: 800ms" in drafting.files[name]
    assert "lock_timeout" not in drafting.files["0003_change_validate"]
    drafting.applied()


def test_one_file_is_enough_for_a_small_table(drafting):
    assert (
        drafting.draft(
            "ALTER TABLE customers ADD UNIQUE (email), ADD CHECK (email <> '');", "--one-file"
        ).code
        == 0
    )
    assert list(up(drafting)) == ["0002_change"]
    drafting.applied()


def test_a_column_that_may_not_be_null_is_filled_with_what_a_person_says(drafting):
    change = "ALTER TABLE orders ADD country text NOT NULL;"
    refused = drafting.draft(change)
    assert refused.code == 3
    assert "nobody but you knows what public.orders.country is in rows that are there" in refused.err.lower()
    assert "--fill" in refused.err
    assert drafting.files == {}
    assert drafting.draft(change, "--fill", "public.orders.country='CH'").code == 0
    drafting.applied()
    assert drafting.project.query("SELECT DISTINCT country FROM orders") == [("CH",)]


def test_what_may_have_been_renamed_is_not_guessed(drafting):
    change = "DROP VIEW noted; ALTER TABLE orders RENAME note TO remark;"
    refused = drafting.draft(change)
    assert refused.code == 3
    assert "Column public.orders.note is gone and remark is new." in refused.err
    assert "--rename public.orders.note=remark" in refused.err
    assert drafting.files == {}
    dropped = drafting.draft(change, "--no-rename", "public.orders.note")
    assert dropped.code == 3
    assert "Column public.orders.note, with its values." in dropped.err
    assert drafting.draft(change, "--rename", "public.orders.note=remark").code == 0
    assert "RENAME COLUMN note TO remark;" in drafting.files["0002_change"]
    drafting.applied()
    assert drafting.project.query("SELECT DISTINCT remark FROM orders") == [("n",)]


def test_what_destroys_is_asked_for_and_comes_last(drafting):
    change = (
        "DROP VIEW noted; ALTER TABLE orders DROP note; DROP TABLE customers; ALTER TABLE orders ADD a int;"
    )
    refused = drafting.draft(change)
    assert refused.code == 3
    assert "Table public.customers, with its rows." in refused.err
    done = drafting.draft(change, "--allow-destroying", "--no-rename", "public.orders.note")
    assert "loses table public.customers, with its rows" in done.out
    last = drafting.files["0003_change_drop"]
    assert "-- Loses table public.customers, with its rows." in last
    assert "DROP TABLE public.customers;" in last
    assert "DROP COLUMN note;" in last
    drafting.applied()


@pytest.mark.parametrize(
    ("change", "loses"),
    [
        (
            "DROP VIEW noted; ALTER TABLE orders ALTER note TYPE varchar(9);",
            "what character varying(9) cannot hold of text",
        ),
        (
            "DROP VIEW noted; ALTER TABLE orders ALTER customer_id TYPE smallint;",
            "what smallint cannot hold of integer",
        ),
        (
            "ALTER TABLE orders DROP feels, ADD feels text GENERATED ALWAYS AS (note || '!') STORED;",
            "column public.orders.feels",
        ),
        (
            "ALTER TABLE customers ALTER id DROP DEFAULT; DROP SEQUENCE customers_id_seq;",
            "customers_id_seq, with its next number",
        ),
    ],
)
def test_a_change_that_values_do_not_survive_is_asked_for(drafting, change, loses):
    refused = drafting.draft(change)
    assert refused.code == 3, refused.out
    assert loses in refused.err.lower()
    assert "--allow-destroying" in refused.err
    assert drafting.files == {}


def test_a_value_that_is_too_long_is_refused_and_never_cut_off(drafting):
    change = "DROP VIEW noted; ALTER TABLE orders ALTER note TYPE varchar(9);"
    drafting.project.query("UPDATE orders SET note = 'longer than nine' WHERE id = 7")
    assert drafting.draft(change, "--allow-destroying").code == 0
    assert drafting.project.run("migrate", "--no-validate").code == 1
    assert drafting.project.query("SELECT note FROM orders WHERE id = 7") == [("longer than nine",)]


def test_a_type_without_an_assignment_cast_gets_a_using(drafting):
    change = "ALTER TABLE customers ALTER email TYPE uuid USING NULL;"
    assert drafting.draft(change, "--allow-destroying").code == 0
    assert "ALTER COLUMN email TYPE uuid USING email::uuid;" in drafting.files["0002_change"]


def test_an_attribute_of_a_type_is_not_dropped_unasked(drafting):
    drafting.project.write(
        "0002_t",
        "CREATE TYPE pair AS (a int, b int); CREATE TABLE p (x pair);\n",
        "DROP TABLE p; DROP TYPE pair;\n",
    )
    drafting.project.ok("migrate", "--no-validate")
    refused = drafting.draft("CREATE TYPE pair AS (a int); CREATE TABLE p (x pair);")
    assert refused.code == 3
    assert "Attribute public.pair.b, with its values." in refused.err


def test_a_name_with_the_end_of_a_line_stays_in_its_comment(drafting):
    name = '"x\nDELETE FROM customers; --"'
    drafting.project.write(
        "0002_odd", f"ALTER TABLE orders ADD {name} int;\n", f"ALTER TABLE orders DROP {name};\n"
    )
    drafting.project.ok("migrate", "--no-validate")
    assert drafting.draft("ALTER TABLE orders ADD b text;", "--allow-destroying").code == 0
    drafting.applied()
    assert drafting.project.query("SELECT count(*) FROM customers") == [(30,)]


def test_a_fill_says_that_it_fires_triggers(drafting):
    made = (
        "CREATE TABLE log (n int); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO log VALUES (1); RETURN NEW; END'; CREATE TRIGGER note AFTER UPDATE ON orders"
        " FOR EACH ROW EXECUTE FUNCTION note();"
    )
    assert (
        drafting.draft(f"{made} ALTER TABLE orders ADD r text NOT NULL DEFAULT md5(random()::text);").code
        == 0
    )
    for name in ("0003_change_fill", "0003_change_fill.rollback"):
        assert "-- Fires the triggers of public.orders; what they do stays." in drafting.files[name]


@pytest.mark.parametrize(
    ("change", "args"),
    [
        pytest.param(
            "DROP VIEW noted; ALTER TABLE orders ALTER customer_id TYPE bigint, ALTER customer_id SET NOT NULL;"
            " CREATE VIEW noted AS SELECT id, customer_id, note FROM orders WHERE note IS NOT NULL;"
            " GRANT SELECT ON noted TO PUBLIC; CREATE INDEX ON orders (note);",
            [],
            id="view",
        ),
        pytest.param(
            "ALTER TABLE customers RENAME email TO mail; ALTER TABLE customers ADD UNIQUE (mail), ADD n int NOT NULL"
            " DEFAULT (random() * 9)::int;",
            ["--rename", "public.customers.email=mail"],
            id="key",
        ),
    ],
)
def test_no_file_leaves_out_what_is_there_before_and_after(drafting, change, args):
    drafting.project.query("UPDATE orders SET customer_id = NULL WHERE id = 7")
    if args:
        drafting.project.write("0002_u", "ALTER TABLE customers ADD UNIQUE (email);\n", "SELECT 1;\n")
        drafting.project.ok("migrate", "--no-validate")
    assert drafting.draft(change, *args).code == 0
    for name in up(drafting):
        drafting.project.run("migrate", "--no-validate", "--to", name)
        holds = (
            "SELECT (SELECT count(*) FROM pg_views WHERE viewname = 'noted'),"
            " (SELECT count(*) FROM pg_constraint WHERE contype = 'u' AND conrelid = 'customers'::regclass)"
        )
        assert drafting.project.query(holds) == [(1, 1 if args else 0)], name


def test_an_index_becomes_a_constraint_within_one_file(drafting):
    drafting.project.write(
        "0002_i", "CREATE UNIQUE INDEX one_email ON customers (email);\n", "DROP INDEX one_email;\n"
    )
    drafting.project.ok("migrate", "--no-validate")
    assert drafting.draft("ALTER TABLE customers ADD CONSTRAINT one_email UNIQUE (email);").code == 0
    assert len(up(drafting)) == 1


@pytest.mark.parametrize("backwards", [False, True])
def test_the_next_number_stays_when_serial_becomes_identity(drafting, backwards):
    serial, identity = (
        "CREATE TABLE k (id serial PRIMARY KEY);",
        "CREATE TABLE k (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
    )
    before, after = (identity, serial) if backwards else (serial, identity)
    drafting.project.write("0002_k", f"{before}\n", "DROP TABLE k;\n")
    drafting.project.ok("migrate", "--no-validate")
    drafting.project.query("INSERT INTO k SELECT FROM generate_series(1, 100); DELETE FROM k")
    assert drafting.draft(after).code == 0
    drafting.applied()
    assert drafting.project.query("INSERT INTO k DEFAULT VALUES RETURNING id") == [(101,)]


@pytest.mark.parametrize("one_file", [True, False])
@pytest.mark.parametrize(
    ("change", "column", "holds"),
    [
        ("ALTER TABLE orders ADD n int NOT NULL;", "n", "7"),
        ("ALTER TABLE orders ADD n int;", "n", "7"),
        ("ALTER TABLE orders ADD n int NOT NULL DEFAULT 3;", "n", "7"),
        ("ALTER TABLE orders ALTER feels SET NOT NULL;", "feels", "'ok'"),
    ],
)
def test_what_a_person_says_fills_the_rows(drafting, change, column, holds, one_file):
    args = ["--fill", f"public.orders.{column}={holds}", *(["--one-file"] if one_file else [])]
    assert drafting.draft(change, *args).code == 0
    drafting.project.ok("migrate", "--no-validate")
    assert drafting.project.query(f"SELECT DISTINCT {column}::text FROM orders") == [(holds.strip("'"),)]


def test_an_answer_about_nothing_is_refused(drafting):
    done = drafting.draft("ALTER TABLE orders ADD n int;", "--fill", "public.orders.m=1")
    assert done.code == 2
    assert "--fill public.orders.m: the wanted schema has no such column" in done.err
    assert drafting.draft("", "--no-rename", "public.nope").code == 2


def test_a_value_that_the_application_wrote_meanwhile_is_not_filled_over(drafting):
    drafting.project.write(
        "0002_p",
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
        " CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);\n",
        "DROP TABLE p;\n",
    )
    drafting.project.ok("migrate", "--no-validate")
    made = (
        "CREATE TABLE p (a int, n int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
        " CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);"
    )
    assert drafting.draft(made, "--fill", "public.p.n=11").code == 0
    first, *_ = up(drafting)
    drafting.project.ok("migrate", "--no-validate", "--to", first)
    drafting.project.query(
        "INSERT INTO p SELECT 1 FROM generate_series(1, 5); INSERT INTO p SELECT 2, 777 FROM generate_series(1, 5)"
    )
    drafting.project.ok("migrate", "--no-validate")
    assert drafting.project.query("SELECT a, n, count(*) FROM p GROUP BY 1, 2 ORDER BY 1") == [
        (1, 11, 5),
        (2, 777, 5),
    ]


@pytest.mark.parametrize("args", [[], ["--one-file"]])
def test_a_new_type_of_a_new_column_goes_after_it(drafting, args):
    assert drafting.draft("CREATE TYPE e AS ENUM ('a'); ALTER TABLE orders ADD x e;", *args).code == 0
    drafting.applied()


def test_a_materialized_view_has_its_rows(drafting):
    change = "CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM orders; CREATE INDEX ON m (n);"
    assert drafting.draft(change).code == 0
    drafting.applied()
    assert drafting.project.query("SELECT n FROM m") == [(2500,)]


def test_a_draft_stands_beside_repeatable_files(drafting):
    function = "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT {}';\n"
    drafting.project.write("sql/functions/one.sql", function.format(1))
    drafting.project.ok("migrate", "--no-validate")
    assert drafting.draft(function.format(2)).code == 0
    drafting.applied()
    assert drafting.project.query("SELECT one()") == [(2,)]


def test_a_snapshot_that_cannot_be_loaded_is_told_with_its_line(drafting):
    done = drafting.draft(lambda text: text + "\nCREATE INDEX i ON public.nowhere (x);\n")
    assert done.code == 2
    assert 'the snapshot cannot be loaded: relation "public.nowhere" does not exist' in done.err
    assert "CREATE INDEX i ON public.nowhere (x);" in done.err


@pytest.mark.parametrize("option", ["--like", "--scratch-url"])
def test_a_wrong_address_is_told_with_its_option(drafting, option):
    options = {"--scratch-url": drafting.project.url, option: "postgresql://x@127.0.0.1:1/y"}
    done = drafting.project.run("draft", "x", *(text for each in options.items() for text in each))
    assert f"the port that {option} gives" in done.err


def test_a_syntax_error_of_the_snapshot_has_a_hint_that_fits(drafting):
    done = drafting.draft(lambda text: text + "\nCREATE TABL public.x ();\n")
    assert done.code == 2
    assert "hint: Correct the statement." in done.err


def test_an_enum_that_may_have_been_renamed_is_asked_about(drafting):
    renamed = "ALTER TYPE mood RENAME TO feeling;"
    refused = drafting.draft(renamed)
    assert refused.code == 3
    assert "--rename public.mood=feeling" in refused.err
    assert drafting.draft(renamed, "--rename", "public.mood=feeling").code == 0
    assert "ALTER TYPE public.mood RENAME TO feeling;" in drafting.files["0002_change"]
    drafting.applied()


def test_a_command_that_fails_is_told(drafting):
    done = drafting.project.run(
        "draft", "x", "--like-command", "echo it broke >&2; exit 7", "--scratch-url", drafting.project.url
    )
    assert done.code == 2
    assert "ended with 7" in done.err
    assert "it broke" in done.err


def test_the_result_as_json(drafting):
    done = drafting.draft("ALTER TABLE orders ADD a int;", "--json")
    assert done.data["files"] == [
        {
            "id": "0002_change",
            "path": "migrations/0002_change.sql",
            "rollback": "migrations/0002_change.rollback.sql",
            "statements": ["ALTER TABLE public.orders ADD COLUMN a integer;"],
            "undo": ["ALTER TABLE public.orders DROP COLUMN a;"],
            "locks": ["ACCESS EXCLUSIVE on public.orders"],
            "loses": [],
            "verdict": "proven",
        }
    ]


def test_nothing_different_is_nothing_to_draft(drafting):
    done = drafting.draft("")
    assert done.code == 0
    assert "nothing to draft; the files give the wanted schema" in done.out
    assert drafting.files == {}
