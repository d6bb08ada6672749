"""What `verify` advises is right for the statement, and PostgreSQL takes it."""

from __future__ import annotations

import psycopg
import pytest

from runner.files.sqltext.lexer import statements

BASE = """\
-- irreversible: a test
CREATE TABLE t (id bigint NOT NULL, a text, b integer);
CREATE TABLE u (id bigint PRIMARY KEY);
CREATE UNIQUE INDEX t_b ON t (b);
CREATE TABLE log (what text);
CREATE TABLE par (id integer, k integer) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF par FOR VALUES IN (1);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
INSERT INTO t SELECT g, g, g FROM generate_series(1, 500) AS g;
INSERT INTO u SELECT g FROM generate_series(1, 500) AS g;
INSERT INTO par SELECT g, 1 FROM generate_series(1, 500) AS g;
"""


@pytest.fixture
def findings(project, verify):
    def run(apply: str) -> dict[str, dict]:
        project.write("0001_base", BASE)
        project.write("0002_change", f"-- irreversible: a test\n{apply}\n")
        found = verify("--since", "0001_base")
        return {f["rule"]: f for f in found.database["findings"]}

    return run


def test_an_index_on_only_the_partitioned_table_builds_nothing(findings):
    assert "index-not-concurrent" not in findings("CREATE INDEX par_id ON ONLY public.par (id);")


def test_an_index_of_a_partitioned_table_is_advised_part_by_part(project, findings):
    found = findings("CREATE INDEX par_id ON public.par (id);")["index-not-concurrent"]
    assert "SHARE on public.p1" in found["message"]
    hint = found["hint"]
    assert "CREATE INDEX CONCURRENTLY par_id ON" not in hint
    text = hint.replace("ON public.…", "ON public.p1")
    run_advice(
        project,
        "CREATE TABLE par (id integer, k integer) PARTITION BY LIST (k);"
        "CREATE TABLE p1 PARTITION OF par FOR VALUES IN (1)",
        text,
    )
    assert project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'par_id'::regclass") == [(True,)]


def test_a_unique_constraint_of_a_partitioned_table_is_advised_part_by_part(project, findings):
    found = findings("ALTER TABLE public.par ADD CONSTRAINT par_key UNIQUE (id, k);")[
        "constraint-builds-index"
    ]
    text = found["hint"].replace("ON …", "ON public.p1").replace("TABLE …", "TABLE public.p1")
    run_advice(
        project,
        "CREATE TABLE par (id integer, k integer) PARTITION BY LIST (k);"
        "CREATE TABLE p1 PARTITION OF par FOR VALUES IN (1)",
        text,
    )
    assert project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'par_key'::regclass") == [
        (True,)
    ]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("ALTER TABLE public.par ADD CONSTRAINT to_u FOREIGN KEY (id) REFERENCES public.u (id);", "to_u"),
        (
            "ALTER TABLE public.par ADD COLUMN u_id bigint DEFAULT 1 REFERENCES public.u (id);",
            "par_u_id_fkey",
        ),
    ],
)
def test_a_foreign_key_of_a_partitioned_table_is_advised_part_by_part(project, findings, statement, name):
    """Before 18 PostgreSQL refuses NOT VALID there; the advice is right for every server."""
    found = findings(statement)["foreign-key-not-valid"]
    text = found["hint"].replace("TABLE …", "TABLE public.p1")
    made = "CREATE TABLE par (id bigint, k integer) PARTITION BY LIST (k);CREATE TABLE p1 PARTITION OF par FOR VALUES IN (1);"
    run_advice(project, f"{made}CREATE TABLE u (id bigint PRIMARY KEY)", text)
    rows = project.query(
        "SELECT conrelid::regclass::text, convalidated, conparentid <> 0 FROM pg_constraint"
        f" WHERE conname = '{name}' ORDER BY 1 DESC"
    )
    assert rows == [("par", True, False), ("p1", True, True)]


@pytest.mark.parametrize(
    "apply",
    [
        "INSERT INTO public.log VALUES ('ALTER TABLE t RENAME TO t2');",
        "COMMENT ON TABLE public.t IS 'ALTER TABLE t RENAME COLUMN a TO b';",
        "ALTER TABLE public.t ALTER COLUMN a SET DEFAULT 'ALTER TABLE t RENAME a TO c';",
        "DO $$ BEGIN LOCK TABLE public.t; /* ALTER TABLE t RENAME a TO c */ END $$;",
    ],
)
def test_a_text_that_quotes_a_rename_is_no_rename(findings, apply):
    assert not {"rename-table", "rename-column"} & findings(apply).keys()


@pytest.mark.parametrize(
    ("apply", "rule", "message"),
    [
        ("ALTER TABLE public.t RENAME TO t2;", "rename-table", "public.t is renamed to t2 "),
        ("ALTER TABLE public.t RENAME a TO c;", "rename-column", "public.t.a is renamed to c "),
        (
            "CREATE SCHEMA s;\nALTER TABLE public.t SET SCHEMA s;",
            "rename-table",
            "public.t is renamed to s.t ",
        ),
        (
            "DO $$ BEGIN EXECUTE 'ALTER TABLE t REN' || 'AME a TO c'; END $$;",
            "rename-column",
            "public.t.a is renamed to c ",
        ),
    ],
)
def test_a_rename_is_told_whoever_does_it(findings, apply, rule, message):
    assert findings(apply)[rule]["message"].startswith(message)


def test_each_of_two_tables_is_named_with_its_own_lock_and_the_reference_is_kept(project, findings):
    apply = "ALTER TABLE public.t ADD COLUMN u_id bigint DEFAULT 1 REFERENCES public.u ON DELETE CASCADE;"
    found = findings(apply)
    assert "column-rewrite" not in found
    told = found["foreign-key-not-valid"]
    assert told["message"].startswith(
        "ACCESS EXCLUSIVE on public.t and SHARE ROW EXCLUSIVE on public.u while"
    )
    assert told["effect"].startswith(
        "Every query of public.t waits and INSERT, UPDATE and DELETE of public.u wait until"
    )
    run_advice(project, "CREATE TABLE t (id bigint); CREATE TABLE u (id bigint PRIMARY KEY)", told["hint"])
    assert project.query("SELECT convalidated, confdeltype::text FROM pg_constraint WHERE contype = 'f'") == [
        (True, "c")
    ]


def test_the_advice_for_a_domain_does_not_begin_with_the_statement_that_rewrites(project, findings):
    if project.query("SELECT current_setting('server_version_num')::integer")[0][0] >= 190000:
        pytest.skip("rewrites nothing")
    found = findings("ALTER TABLE public.t ADD COLUMN q public.positive DEFAULT 1;")["column-rewrite"]
    assert "ADD COLUMN q public.positive" not in found["hint"]


def test_the_advice_for_a_serial_does_not_begin_with_the_statement_that_rewrites(findings):
    hint = findings("ALTER TABLE public.t ADD COLUMN n bigserial;")["column-rewrite"]["hint"]
    assert "bigserial" not in hint
    assert "nextval('public.t_n_seq')" in hint


def test_a_primary_key_using_an_index_of_a_nullable_column_is_told_to_scan(findings):
    found = findings("ALTER TABLE public.t ADD CONSTRAINT pk PRIMARY KEY USING INDEX t_b;")["table-scan"]
    assert "may hold NULL" in found["hint"]


@pytest.mark.parametrize(("zone", "rewritten"), [("UTC", []), ("Europe/Berlin", ["public.e"])])
def test_a_change_of_type_is_measured_in_the_time_zone_of_the_target(project, verify, zone, rewritten):
    project.write("0001_base", "-- irreversible: a test\nCREATE TABLE e (at timestamp);\n")
    project.ok("migrate")
    ((name,),) = project.query("SELECT quote_ident(current_database())")
    project.query(f"ALTER DATABASE {name} SET TimeZone = '{zone}'")
    project.write("0002_zone", "-- irreversible: a test\nALTER TABLE e ALTER COLUMN at TYPE timestamptz;\n")
    found = verify("--url", project.url)
    assert found.statements("0002_zone")[0]["rewritten"] == rewritten


def run_advice(project, base: str, advice: str) -> None:
    """Run what a finding advises, as it is written."""
    with psycopg.connect(project.url, autocommit=True) as conn:
        conn.execute(base)
        for statement in statements([advice]):
            conn.execute(statement.text)
