"""`runner statements`, and `runner verify` with the statements of the release that runs."""

from __future__ import annotations

import subprocess

import psycopg
import pytest

from runner.review.lint.rules import MEASURED
from tests.unit.review.lint.conftest import files_of

ORDERS = "CREATE TABLE public.orders (id bigint PRIMARY KEY, note text, code text);\n"
STATEMENTS = """\
-- name: get_note :one
-- calls: 1,000 an hour, mean 0.4 ms
SELECT note FROM public.orders WHERE id = :id;

-- name: add_order :exec
INSERT INTO public.orders (id, code) VALUES (:id, :code);
"""
SCHEMA = """-- irreversible: an example
CREATE SCHEMA app;
GRANT USAGE ON SCHEMA app TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT ALL ON TABLES TO PUBLIC;
"""


@pytest.fixture
def shop(project):
    project.write("sql/statements/database.sql", STATEMENTS)
    project.write("0001_orders", ORDERS, "DROP TABLE public.orders;")
    project.environ["RUNNER_SCRATCH_URL"] = project.url
    return project


def found(project, *args: str) -> list[tuple[str, str, str, int | None]]:
    """Return what verify says of the statements: rule, message, path and line."""
    (database,) = project.run("verify", "--since", "0001", "--json", *args).data["databases"]
    rules = {rule.id for rule in MEASURED}
    return [
        (f["rule"], f["message"], f["path"], f["line"]) for f in database["findings"] if f["rule"] in rules
    ]


def test_a_break_is_placed_at_the_statement_that_causes_it(shop):
    shop.write(
        "0002_notes",
        "CREATE TABLE public.notes (id bigint);\nALTER TABLE public.orders DROP COLUMN note;\n",
        "ALTER TABLE public.orders ADD COLUMN note text;\nDROP TABLE public.notes;\n",
    )
    assert found(shop) == [
        ("breaks-statement", 'get_note fails: column "note" does not exist', "migrations/0002_notes.sql", 2)
    ]
    done = shop.ok("verify", "--since", "0001")
    assert "SQLSTATE 42703. The release that runs calls it about 1,000 times an" in done.out
    assert "2 statements of sql/statements/database.sql planned before and after each" in done.out
    assert shop.run("verify", "--since", "0001", "--strict").code == 3
    assert found(shop, "--no-statements") == []
    assert shop.run("verify", "--since", "0001", "--no-statements", "--as", "x").code == 2


def test_a_break_is_placed_in_a_file_that_only_runs_as_one_transaction(shop):
    shop.write(
        "0002_notes",
        "SET LOCAL lock_timeout = '1s';\nALTER TABLE public.orders DROP COLUMN note;\n",
        "ALTER TABLE public.orders ADD COLUMN note text;\n",
    )
    assert [(rule, line) for rule, _, _, line in found(shop)] == [("breaks-statement", 2)]


SWAPS = """\
ALTER TABLE public.orders RENAME TO purchases;
CREATE VIEW public.orders AS SELECT * FROM public.purchases;
ALTER TABLE public.purchases ADD COLUMN kind text;
UPDATE public.purchases SET kind = 'x';
ALTER TABLE public.purchases ALTER COLUMN kind SET NOT NULL, ALTER COLUMN kind SET DEFAULT 'x';
"""


def test_what_no_query_sees_within_a_transaction_is_no_break(shop):
    shop.write("0002_swap", f"-- irreversible: an example\n{SWAPS}")
    assert found(shop) == []
    shop.write(
        "0002_swap",
        "-- irreversible: an example\nALTER TABLE public.orders DROP COLUMN note, ADD COLUMN note text;\n",
    )
    assert found(shop) == []


def test_a_break_of_a_partitioned_table_is_placed_where_it_happens(shop):
    events = "CREATE TABLE public.events (day date, note text) PARTITION BY RANGE (day);\n"
    shop.write("0001_orders", ORDERS + events, "DROP TABLE public.events, public.orders;")
    shop.write(
        "sql/statements/database.sql",
        "-- name: note_of :one\nSELECT note FROM public.events WHERE day = :day;\n",
    )
    shop.write(
        "0002_a",
        "ALTER TABLE public.events DROP COLUMN note;\n",
        "ALTER TABLE public.events ADD note text;\n",
    )
    shop.write("0003_b", "CREATE VIEW public.v AS SELECT 1 AS one;\n", "DROP VIEW public.v;\n")
    assert [path for _, _, path, _ in found(shop)] == ["migrations/0002_a.sql"]


def test_statements_of_one_name_are_told_apart(shop):
    (shop.root / "sql/statements/database.sql").unlink()
    both = "\ufeff-- name: get\r\nSELECT note FROM public.orders;\r\n-- name: get\r\nSELECT id FROM public.orders;\r\n"
    shop.write("sql/statements/database/a/x.sql", both)
    shop.write("sql/statements/database/b/x.sql", "-- name: get\nSELECT note, id FROM public.orders;\n")
    shop.write(
        "0002_notes",
        "ALTER TABLE public.orders DROP COLUMN note;\n",
        "ALTER TABLE public.orders ADD note text;\n",
    )
    folder = "sql/statements/database"
    assert [message.split()[0] for _, message, *_ in found(shop)] == [
        f"{folder}/a/x.get",
        f"{folder}/b/x.get",
    ]


def test_a_break_on_purpose_is_allowed_for_the_statement_that_the_reason_names(shop):
    drop = "ALTER TABLE public.orders DROP COLUMN note, ADD COLUMN tenant int NOT NULL;\n"
    back = "ALTER TABLE public.orders ADD COLUMN note text, DROP COLUMN tenant;\n"
    shop.write(
        "0002_notes", f"-- lint: allow breaks-statement -- get_note is gone since release 41\n{drop}", back
    )
    ((rule, message, _, _),) = found(shop)
    assert (rule, message.split()[0]) == ("breaks-statement", "add_order")
    shop.write("0002_notes", f"-- lint: allow breaks-statement -- nobody needs these\n{drop}", back)
    assert len(found(shop)) == 2
    assert "allow-unused" not in shop.run("lint").out


def test_a_project_chooses_the_level(shop):
    shop.write(
        "0002_notes",
        "ALTER TABLE public.orders DROP COLUMN note;\n",
        "ALTER TABLE public.orders ADD note text;\n",
    )
    shop.write("runner.toml", '[lint]\nbreaks-statement = "off"\n')
    assert found(shop) == []


def test_the_statements_of_the_next_release_are_planned_after_the_rollback(shop):
    shop.write(
        "0002_more",
        "ALTER TABLE public.orders ADD COLUMN more int;\n",
        "ALTER TABLE public.orders DROP COLUMN more;\n",
    )
    shop.write("next.sql", "-- name: get_more :one\nSELECT more FROM public.orders;\n")
    assert found(shop, "--statements-new", "next.sql") == [
        (
            "breaks-statement",
            'after its rollback get_more fails: column "more" does not exist',
            "migrations/0002_more.rollback.sql",
            None,
        )
    ]


def test_the_statements_of_a_release_come_from_git(shop):
    def git(*args: str) -> None:
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *args]
        subprocess.run(command, cwd=shop.root, check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "x")
    git("tag", "v1")
    shop.write("sql/statements/database.sql", "-- name: other\nSELECT 1;\n")
    shop.write(
        "0002_notes",
        "ALTER TABLE public.orders DROP COLUMN note;\n",
        "ALTER TABLE public.orders ADD note text;\n",
    )
    assert found(shop) == []
    assert [rule for rule, *_ in found(shop, "--statements-from", "git:v1:sql/statements")] == [
        "breaks-statement"
    ]
    assert [rule for rule, *_ in found(shop, "--statements-from", "git:v1")] == ["breaks-statement"]
    done = shop.run("verify", "--statements-from", "git:v1:nowhere", "--all")
    assert (done.code, "v1 has no SQL at nowhere" in done.err) == (2, True)
    done = shop.run("verify", "--statements-from", "git:v9:sql", "--all")
    assert (done.code, "git cannot compare with 'v9'" in done.err) == (2, True)


def test_what_cannot_be_planned_is_counted_and_named(shop):
    shop.write(
        "sql/statements/database.sql",
        f"{STATEMENTS}-- name: begin\nBEGIN;\n-- name: temporary\nSELECT * FROM scratch;\n"
        "-- name: typed\nSELECT $1;\n-- name: later\nSELECT more FROM public.orders;\n",
    )
    shop.write(
        "0002_more",
        "ALTER TABLE public.orders ADD COLUMN more int;\n",
        "ALTER TABLE public.orders DROP COLUMN more;\n",
    )
    (database,) = shop.ok("verify", "--since", "0001", "--json").data["databases"]
    assert database["statements"] == {
        "source": "sql/statements/database.sql",
        "planned": 4,
        "role": None,
        "not_planned": [
            {"name": "begin", "reason": "BEGIN is not planned by the server"},
            {"name": "temporary", "reason": 'relation "scratch" does not exist'},
        ],
    }
    for form in ("markdown", "html"):
        assert "scratch" in shop.ok("verify", "--since", "0001", "--format", form).out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1;", "no statement has a name"),
        ("-- name: a\n-- nothing", "a is empty"),
        ("SELECT 1;\n-- name: a\nSELECT 2;", "a statement before the first name"),
        (
            "-- name: a\nSELECT 1;\n-- name: get user :one\nSELECT 2;",
            "this is no name: -- name: get user :one",
        ),
        ("-- name: a\n-- calls: , an hour\nSELECT 'x;", "database.sql:3"),
        ("-- name: a\nSELECT 'x;", "database.sql:2"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(shop, text, message):
    shop.write("sql/statements/database.sql", text)
    done = shop.run("verify", "--all")
    assert (done.code, message in done.err) == (2, True), done.err


def test_without_statements_asking_for_them_says_where_they_come_from(project):
    project.write("0001_orders", ORDERS, "DROP TABLE public.orders;")
    done = project.run("verify", "--all", "--statements", "--scratch-url", project.url)
    assert done.code == 2
    assert "no statements for database" in done.err
    assert "runner statements --output" in done.err


def test_statements_are_planned_as_the_application(shop):
    role = f"application_{shop.parameters['dbname']}"
    shop.query(f"CREATE ROLE {role}")
    try:
        shop.write(
            "0001_orders", f"{ORDERS}GRANT ALL ON public.orders TO {role};\n", "DROP TABLE public.orders;"
        )
        shop.write(
            "0002_rights",
            f"REVOKE INSERT ON public.orders FROM {role};\nALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;\n",
            f"ALTER TABLE public.orders DISABLE ROW LEVEL SECURITY;\nGRANT INSERT ON public.orders TO {role};\n",
        )
        assert found(shop) == []
        assert [(rule, message) for rule, message, *_ in found(shop, "--as", role)] == [
            ("breaks-statement", "add_order fails: permission denied for table orders"),
            ("new-policy", "get_note meets row level security without a policy on public.orders"),
        ]
        done = shop.run("verify", "--all", "--as", "nobody_at_all")
        assert (done.code, "as nobody_at_all: role" in done.err) == (2, True)
    finally:
        shop.query(f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.parametrize("rule", MEASURED, ids=lambda rule: rule.id)
@pytest.mark.parametrize("example", ["bad", "good"])
def test_the_examples_of_the_rules_are_real(example, rule, project):
    """The bad one breaks its rule and no other of these, the good one none."""
    role = f"application_{project.parameters['dbname']}"
    project.query(f"CREATE ROLE {role}")
    project.write("0001_schema", SCHEMA)
    for path, text in files_of(getattr(rule, example)).items():
        sql = path.startswith("sql/")
        project.write(
            path if sql else path.removesuffix(".sql"),
            text if sql else f"-- irreversible: an example\n{text}",
        )
    try:
        source = ("--scratch-url", project.url, "--statements-from", "sql/statements", "--as", role)
        done = project.ok("verify", "--since", "0006", "--json", *source)
    finally:
        project.query(f"DROP ROLE {role}")
    (database,) = done.data["databases"]
    assert database["statements"]["not_planned"] == []
    rules = {rule.id for rule in MEASURED}
    broken = [f["rule"] for f in database["findings"] if f["rule"] in rules]
    assert broken == ([rule.id] if example == "bad" else [])


@pytest.fixture
def counting(project, new_server):
    """A project whose server counts statements."""
    server = new_server()
    with (server.data / "postgresql.conf").open("a") as settings:
        settings.write("\nshared_preload_libraries = 'pg_stat_statements'\n")
    started = server.start(tcp=True)
    project.parameters = {**started.parameters, "password": started.password.reveal(), "dbname": "postgres"}
    project.environ["DATABASE_URL"] = project.url
    project.environ["RUNNER_SCRATCH_URL"] = project.url
    project.write("0001_orders", ORDERS, "DROP TABLE public.orders;")
    return project


def test_what_production_runs_becomes_a_file_and_finds_a_break(counting):
    counting.ok("migrate")
    done = counting.run("statements")
    assert (done.code, "has no pg_stat_statements" in done.err) == (2, True)
    counting.query("CREATE EXTENSION pg_stat_statements")
    for _ in range(3):
        counting.query("SELECT note FROM orders WHERE id = 7 /* traceparent=00-1 */")
    counting.query("UPDATE orders SET code = 'secret' WHERE id = 7")
    counting.query("SELECT id FROM orders WHERE now() > '2026-01-01'::timestamptz + interval '1 day'")
    file = "sql/statements/database.sql"
    done = counting.ok("statements", "--output", file)
    assert f"{file}  written  3 statements" in done.out
    assert "left out:" in done.out
    text = (counting.root / file).read_text()
    assert "secret" not in text
    assert "traceparent" not in text
    assert "SELECT note FROM orders WHERE id = $1;" in text
    assert "-- calls: 3 an hour, mean 0." in text
    (name,) = (line for line in text.splitlines() if line.startswith("-- name: update_orders_"))
    (counting.root / file).write_text(text.replace(name, "-- name: set_code :exec"))
    with (counting.root / file).open("a") as appended:
        appended.write("\n-- name: by_hand\nSELECT code FROM orders ORDER BY 1;\n")
    assert (
        "removed, as the server has not counted it: by_hand"
        in counting.ok("statements", "--output", file).out
    )
    assert "-- name: set_code :exec" in (counting.root / file).read_text()
    assert "unchanged" in counting.ok("statements", "--output", file).out
    printed = counting.ok("statements", "--json").data
    assert {s["kind"] for s in printed["statements"]} == {"many", "exec"}
    counting.write(
        "0002_notes",
        "ALTER TABLE public.orders DROP COLUMN note;\n",
        "ALTER TABLE public.orders ADD note text;\n",
    )
    (finding,) = found(counting, "--statements-from", "target")
    assert finding[0] == "breaks-statement"


def test_what_the_role_may_not_see_is_said(counting):
    counting.ok("migrate")
    counting.query(
        "CREATE EXTENSION pg_stat_statements; CREATE ROLE reading LOGIN PASSWORD 'x'; SELECT note FROM orders"
    )
    counting.environ["DATABASE_URL"] = counting.url.replace(
        f"//{counting.parameters['user']}:", "//reading:"
    ).replace(counting.parameters["password"], "x")
    done = counting.run("statements", "--output", "s.sql")
    assert (done.code, "shows no statement of an application" in done.err) == (2, True), done.err
    assert "Not seen: statements of other roles, without GRANT pg_read_all_stats" in done.err
    assert not (counting.root / "s.sql").exists()
    with psycopg.connect(**counting.parameters, autocommit=True) as conn:
        conn.execute("GRANT pg_read_all_stats TO reading")
    done = counting.ok("statements", "--output", "s.sql")
    assert "not seen" not in done.out
