"""What earlier files and the snapshot say of a schema decides what a later statement does."""

from __future__ import annotations

import pytest

from runner.review.lint import schema_of

TABLE = "CREATE TABLE app.t (id bigint PRIMARY KEY, a varchar(20), n numeric(5, 2), i int, s text, at timestamp(3));\n"
MOOD = "CREATE TYPE app.mood AS ENUM ('calm');\nCREATE TABLE app.moody (id int, mood app.mood);\n" + TABLE


def rules(findings) -> list[str]:
    return [finding.rule for finding in findings]


def after(found, first: str, *more: str, **options) -> list[str]:
    """Return the rules that the last of several files breaks."""
    files = {f"{number:04d}_x.sql": sql for number, sql in enumerate((first, *more), 1)}
    return [f.rule for f in found(files, **options) if str(f.where.path).endswith(f"{len(files):04d}_x.sql")]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("a TYPE text", None),
        ("a TYPE varchar(21)", None),
        ("a SET DATA TYPE character varying", None),
        ("a TYPE varchar(30) USING a::varchar(30)", None),
        ("a TYPE text USING a", None),
        ("a TYPE varchar(19)", "change-type"),
        ("a TYPE text USING lower(a)", "change-type"),
        ('a TYPE text COLLATE "C"', "change-type"),
        ("a TYPE char(20)", "change-type"),
        ("n TYPE numeric(7, 2)", None),
        ("n TYPE numeric", None),
        ("n TYPE decimal(7, 3)", "change-type"),
        ("i TYPE bigint", "change-type"),
        ("i TYPE integer", None),
        ("i TYPE text", "change-type"),
        ("s TYPE varchar", None),
        ("s TYPE varchar(10)", "change-type"),
        ("at TYPE timestamp without time zone", None),
        ("at TYPE timestamp(2)", "change-type"),
        ("at TYPE timestamptz", "change-type-unknown"),
        ("at TYPE timestamptz(2)", "change-type"),
        ("elsewhere TYPE text", "change-type-unknown"),
    ],
)
def test_a_change_of_type_is_an_error_only_where_it_rewrites(change, rule, found):
    statement = f"ALTER TABLE app.t ALTER COLUMN {change};"
    assert after(found, TABLE, statement) == ([] if rule is None else [rule])


def test_a_type_is_followed_through_renames_changes_and_schemas(found):
    renamed = "ALTER TABLE app.t RENAME COLUMN i TO number;\nALTER TABLE app.t RENAME TO u;\nALTER TABLE app.u SET SCHEMA x;"
    widened = "ALTER TABLE x.u ALTER number TYPE bigint;"
    again = "ALTER TABLE x.u ALTER COLUMN number TYPE int8;"
    assert after(found, TABLE, renamed, widened) == ["change-type"]
    assert after(found, TABLE, renamed, widened, again) == []


@pytest.mark.parametrize(
    "change", ["ALTER TYPE app.mood RENAME TO temper;", "ALTER TYPE app.mood SET SCHEMA public;"]
)
def test_a_column_follows_its_type_to_another_name(change, found):
    new = "public.mood" if "SCHEMA" in change else "app.temper"
    assert after(found, MOOD, change, f"ALTER TABLE app.moody ALTER mood TYPE {new};") == []


@pytest.mark.parametrize(
    ("before", "change", "rule"),
    [
        ("SET timezone = 'UTC';", "at TYPE timestamptz(3)", None),
        ("SET LOCAL TIME ZONE 'Etc/UTC';", "at TYPE timestamptz USING at", None),
        ("SET SESSION timezone TO utc;", "at TYPE timestamptz", None),
        ("SET timezone = 'UTC';", "at TYPE timestamptz(2)", "change-type"),
        ("SET timezone = 'Europe/London';", "at TYPE timestamptz", "change-type"),
        ("SET timezone = 'UTC';\nRESET timezone;", "at TYPE timestamptz", "change-type-unknown"),
        ("SET timezone = 'UTC';\nSET TIME ZONE DEFAULT;", "at TYPE timestamptz", "change-type-unknown"),
    ],
)
def test_timestamps_are_rewritten_by_the_time_zone_that_the_file_sets(before, change, rule, found):
    statement = f"{before}\nALTER TABLE app.t ALTER COLUMN {change};"
    assert after(found, TABLE, statement) == ([] if rule is None else [rule])


@pytest.mark.parametrize(
    "what", ["ADD FOREIGN KEY (x) REFERENCES app.s", "ADD z int DEFAULT 1 REFERENCES app.s"]
)
def test_a_foreign_key_of_a_partitioned_table_is_advised_part_by_part(what, found):
    made = "CREATE TABLE app.p (x int) PARTITION BY LIST (x);\nCREATE TABLE app.q (x int);"
    (finding,) = found({"0001_a.sql": made, "0002_b.sql": f"ALTER TABLE app.p {what};"})
    assert "before 18 refuses NOT VALID" in finding.hint
    (finding,) = found({"0001_a.sql": made, "0002_b.sql": f"ALTER TABLE app.q {what};"})
    assert "partition" not in finding.hint


@pytest.mark.parametrize(
    ("index", "change", "built"),
    [
        ("CREATE INDEX a_idx ON app.t (a);", "a TYPE text", None),
        ("CREATE INDEX a_idx ON app.t (lower(a));", "a TYPE text", "a_idx"),
        ("CREATE INDEX a_idx ON app.t (a) WHERE a <> '';", "a TYPE text", "a_idx"),
        ("CREATE INDEX a_idx ON app.t (i) INCLUDE (s);", "a TYPE text", None),
        ("CREATE INDEX a_idx ON app.t (a) WHERE a <> '';\nDROP INDEX app.a_idx;", "a TYPE text", None),
        ("CREATE INDEX a_idx ON app.t (lower(a));\nALTER TABLE app.t RENAME a TO z;", "z TYPE text", "a_idx"),
        ("ALTER TABLE app.t ADD UNIQUE (i);", "i TYPE oid", "t_i_key"),
        ("CREATE INDEX a_idx ON app.t (at);", "at TYPE timestamptz", "a_idx"),
    ],
)
def test_an_index_that_cannot_keep_its_file_is_named(index, change, built, found):
    (*rest,) = found(
        {
            "0001_a.sql": TABLE + index,
            "0002_b.sql": f"SET timezone = 'UTC';\nALTER TABLE app.t ALTER COLUMN {change};",
        }
    )
    rest = [f.message for f in rest if "0002" in str(f.where.path)]
    assert [message.partition(" rebuilds ")[2] for message in rest] == ([built] if built else [])


def test_an_index_that_is_there_is_not_built_again(found):
    made = TABLE + "CREATE INDEX a_idx ON app.t (a);"
    assert after(found, made, "CREATE INDEX IF NOT EXISTS a_idx ON app.t (a);") == []
    assert after(found, made, "CREATE INDEX IF NOT EXISTS b_idx ON app.t (a);") == ["index-not-concurrent"]


def test_a_finding_names_both_types(found):
    files = {"0001_x.sql": TABLE, "0002_x.sql": "ALTER TABLE app.t ALTER COLUMN a TYPE varchar(9);"}
    (finding,) = found(files)
    assert finding.message == "a of app.t: varchar(20) to varchar(9) rewrites the table"
    (finding,) = found(files | {"0002_x.sql": "ALTER TABLE app.t ALTER COLUMN i TYPE int8;"})
    assert finding.message == "i of app.t: integer to bigint rewrites the table"


@pytest.mark.parametrize(
    ("domain", "change", "rule"),
    [
        ("AS text", "s TYPE app.d", None),
        ("AS text CHECK (VALUE <> '')", "s TYPE app.d", "change-type"),
        ("text NOT NULL", "s TYPE app.d", "change-type"),
        ("AS int", "s TYPE app.d", "change-type"),
    ],
)
def test_a_domain_is_what_it_is_made_of_unless_it_is_constrained(domain, change, rule, found):
    made = TABLE + f"CREATE DOMAIN app.d {domain};"
    assert after(found, made, f"ALTER TABLE app.t ALTER {change};") == ([] if rule is None else [rule])


@pytest.mark.parametrize(
    ("made", "column", "broken"),
    [
        ("CREATE DOMAIN app.d AS int CHECK (VALUE > 0);", "c app.d", True),
        ("CREATE DOMAIN app.d AS int;\nALTER DOMAIN app.d ADD CONSTRAINT k CHECK (VALUE > 0);", "c app.d", True),
        ("CREATE DOMAIN app.b AS int NOT NULL;\nCREATE DOMAIN app.d AS app.b;", "c app.d", True),
        ("CREATE DOMAIN app.d AS int CONSTRAINT k CHECK (VALUE > 0);\nALTER DOMAIN app.d DROP CONSTRAINT k;", "c app.d", False),
        ("CREATE DOMAIN app.d AS int;", "c app.d", False),
        ("CREATE DOMAIN app.b AS int CHECK (VALUE > 0);\nALTER DOMAIN app.b RENAME TO d;", "c app.d", True),
        ("CREATE DOMAIN x.d AS int CHECK (VALUE > 0);\nALTER DOMAIN x.d SET SCHEMA app;", "c app.d", True),
        ("CREATE DOMAIN app.b AS int CHECK (VALUE > 0);\nCREATE DOMAIN app.d AS app.b;\nALTER TYPE app.b RENAME TO e;", "c app.d", True),
        ("CREATE DOMAIN app.d int CONSTRAINT k CHECK (VALUE > 0);\nALTER DOMAIN app.d RENAME CONSTRAINT k TO l;", "c app.d", True),
        ("CREATE FUNCTION app.f() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';", "c int DEFAULT app.f()", False),
        ("CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1';", "c int DEFAULT app.f()", True),
        ("CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1';\nALTER FUNCTION app.f STABLE;", "c int DEFAULT app.f()", False),
        ("SELECT 1;", "c int DEFAULT theirs.f()", True),
        ("SELECT 1;", "c float8 DEFAULT random()", True),
        ("SELECT 1;", "c uuid DEFAULT pg_catalog.gen_random_uuid()", True),
        ("SELECT 1;", "c float8 DEFAULT extract(epoch FROM pg_catalog.now())", False),
        ("SELECT 1;", "c text[] DEFAULT ARRAY[greatest('a', 'b')]::varchar(3)[]", False),
    ],
)  # fmt: skip
def test_a_new_column_rewrites_where_its_domain_or_default_does(made, column, broken, found):
    statement = f"ALTER TABLE app.t ADD COLUMN {column};"
    assert after(found, made, statement) == (["column-rewrite"] if broken else [])


@pytest.mark.parametrize(
    ("made", "is_proven"),
    [
        ("CREATE TABLE app.t (x int CHECK (x IS NOT NULL));", True),
        ("CREATE TABLE app.t (x int, y int, CONSTRAINT k CHECK (((x IS NOT NULL)) AND y > 0));", True),
        ("CREATE TABLE app.t (x int, y int, CHECK (NOT (x IS NULL)));", True),
        ("CREATE TABLE app.t (x int NOT NULL);", True),
        ("CREATE TABLE app.t (x int, PRIMARY KEY (x));", True),
        ("CREATE TABLE app.t (x int, y int, CHECK (x IS NOT NULL OR y > 0));", False),
        ("CREATE TABLE app.t (x int CHECK (x > 0));", False),
        ("CREATE TABLE other.t (x int CHECK (x IS NOT NULL));\nCREATE TABLE app.t (x int);", False),
        (
            "CREATE TABLE app.t (x int CONSTRAINT k CHECK (x IS NOT NULL));\nALTER TABLE app.t DROP CONSTRAINT k;",
            False,
        ),
        ("CREATE TABLE app.t (x int NOT NULL);\nALTER TABLE app.t ALTER x DROP NOT NULL;", False),
        ("CREATE TABLE app.t (w int CHECK (w IS NOT NULL));\nALTER TABLE app.t RENAME w TO x;", True),
        ("CREATE TABLE app.t (x int, CHECK ((x + 1) IS NOT NULL));", False),
    ],
)
def test_set_not_null_needs_a_valid_check_that_still_stands(made, is_proven, found):
    statement = "ALTER TABLE app.t ALTER COLUMN x SET NOT NULL;"
    assert after(found, made, statement) == ([] if is_proven else ["set-not-null"])


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("INSERT INTO app.t (id, s) VALUES (1, 'grave');", False),
        ("COMMENT ON TABLE app.moody IS 'grave';", False),
        ("INSERT INTO app.moody VALUES (1, 'grave');", True),
        ("UPDATE app.t SET s = 'x' WHERE s = 'grave';", False),
        ("UPDATE app.t SET s = 'x' FROM app.moody WHERE mood = 'grave';", True),
        ("SELECT 'grave'::app.mood;", True),
        ("SELECT CAST('grave' AS app.mood);", True),
        ("SELECT 'grave'::text;", False),
        ("ALTER TABLE app.moody ALTER mood SET DEFAULT 'grave';", True),
        ("INSERT INTO app.elsewhere VALUES ('grave');", True),
    ],
)
def test_a_new_enum_value_is_used_only_where_its_type_may_be(statement, broken, found):
    used = after(found, MOOD, "ALTER TYPE app.mood ADD VALUE 'grave';\n" + statement)
    assert ("enum-value-used" in used) is broken


def test_an_index_of_the_locked_table_is_no_second_lock(found):
    made = (
        TABLE
        + "CREATE TABLE app.u (id int);\nCREATE INDEX t_a_idx ON app.t (a);\nCREATE INDEX u_idx ON app.u (id);"
    )
    altered = "ALTER TABLE app.t ADD COLUMN c int;\n"
    assert after(found, made, altered + "DROP INDEX app.t_a_idx;") == []
    assert "locks-after-exclusive" in after(found, made, altered + "DROP INDEX app.u_idx;")


def test_a_table_made_if_it_does_not_exist_may_be_an_old_one(found):
    again = "CREATE TABLE IF NOT EXISTS app.t (id bigint);\nCREATE INDEX t_id_idx ON app.t (id);"
    assert after(found, TABLE, again) == ["index-not-concurrent"]


def test_a_table_made_if_it_does_not_exist_is_new_where_no_file_made_it(found):
    assert found("CREATE TABLE IF NOT EXISTS app.t (id bigint);\nCREATE INDEX t_id_idx ON app.t (id);") == []


def test_for_a_partitioned_table_the_way_that_postgresql_accepts_is_told(found):
    files = {
        "0001_x.sql": "CREATE TABLE app.e (day date) PARTITION BY RANGE (day);",
        "0002_x.sql": "CREATE INDEX e_day_idx ON app.e (day);",
    }
    (finding,) = found(files)
    assert "ATTACH PARTITION" in finding.hint


def test_a_new_table_is_new_under_its_second_name_and_schema_too(found):
    moved = "ALTER TABLE stage.n RENAME TO m;\nALTER TABLE stage.m SET SCHEMA app;\n"
    sql = f"SELECT * INTO stage.n FROM app.t;\n{moved}CREATE INDEX m_idx ON app.m (id);"
    assert found(sql) == []


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("DROP TABLE app.t CASCADE;", "drop-table"),
        ("IF EXISTS (SELECT 1) THEN UPDATE app.t SET s = 'x'; END IF;", "change-without-where"),
        ("EXECUTE 'TRUNCATE app.t';", "truncate"),
        (
            "FOR r IN SELECT 1 LOOP ALTER TABLE app.t ADD COLUMN c int DEFAULT random(); END LOOP;",
            "column-rewrite",
        ),
        ("EXECUTE 'ALTER ROLE a PASSWORD ''hunter2''';", "secret-literal"),
        ("PERFORM app.f('DROP TABLE app.t');", None),
        ("EXECUTE 'DROP TABLE ' || name;", None),
        ("UPDATE app.t SET s = CASE WHEN i > 1 THEN 'x' ELSE 'y' END WHERE id = 1;", None),
    ],
)
def test_what_a_do_block_runs_is_read(body, rule, found):
    broken = after(found, TABLE, f"DO $$\nDECLARE r record;\nBEGIN\n    {body}\nEND $$;")
    assert (rule in broken) if rule else broken == []


def test_a_finding_in_a_do_block_is_at_its_line(found):
    (finding,) = found("DO $$\nBEGIN\n    TRUNCATE app.t;\nEND $$;")
    assert str(finding.where) == "migrations/0006_change.sql:4:5"


def test_the_snapshot_tells_what_no_file_makes(found):
    snapshot = schema_of(
        "CREATE DOMAIN app.d AS int CONSTRAINT d_check CHECK (VALUE > 0);\n"
        "CREATE TABLE app.old (id bigint NOT NULL, sku character varying(20));\n"
        "ALTER TABLE app.old ADD CONSTRAINT known CHECK ((sku IS NOT NULL));"
    )
    assert rules(found("ALTER TABLE app.old ALTER COLUMN sku TYPE text;", start=snapshot)) == []
    assert rules(found("ALTER TABLE app.old ALTER COLUMN sku SET NOT NULL;", start=snapshot)) == []
    assert rules(found("ALTER TABLE app.old ADD COLUMN c app.d;", start=snapshot)) == ["column-rewrite"]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE app.t ADD CONSTRAINT f FOREIGN KEY (i) REFERENCES app.u ON DELETE CASCADE NOT VALID, DROP CONSTRAINT k;",
        "ALTER TABLE app.e DETACH PARTITION app.e_1 FINALIZE;",
        "CREATE TABLE app.n (id int);\nDROP TABLE app.n CASCADE;",
        "ALTER FUNCTION app.f() SECURITY INVOKER;",
        "ALTER DOMAIN app.d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID;",
        "CREATE SUBSCRIPTION s CONNECTION 'host=db user=a' PUBLICATION p WITH (connect = false);",
        "CREATE SUBSCRIPTION s CONNECTION 'host=db password=${PW}' PUBLICATION p WITH (connect = false);",
        "INSERT INTO app.t (s) VALUES ('host = a, password = b and more');",
        "DO $$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ' || quote_literal('x' || random()); END $$;",
    ],
)
def test_what_only_looks_like_a_fault_is_none(sql, found):
    assert rules(found(sql)) == []


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("ALTER TABLE app.t ADD COLUMN c int DEFAULT 1 REFERENCES app.u (id);", "foreign-key-not-valid"),
        ("ALTER FUNCTION app.f() SECURITY DEFINER;", "definer-search-path"),
        ("ALTER DOMAIN app.d SET NOT NULL;", "domain-constraint"),
        ("ALTER DOMAIN app.d ADD CHECK (VALUE > 0);", "domain-constraint"),
        ("ALTER TABLE app.t ALTER COLUMN g SET EXPRESSION AS (i * 2);", "table-rewrite"),
        ("ALTER DOMAIN app.d DROP CONSTRAINT k CASCADE;", "drop-cascade"),
        ("CREATE SUBSCRIPTION s CONNECTION 'host=db password=hunter2' PUBLICATION p WITH (connect = false);", "secret-literal"),
        ("SELECT dblink_connect($c$host=db password='hunter2'$c$);", "secret-literal"),
        ("ALTER ROLE a PASSWORD $p$hunter2$p$;", "secret-literal"),
    ],
)  # fmt: skip
def test_what_was_missed_is_found(sql, rule, found):
    assert rules(found(sql)) == [rule]


def test_a_function_keeps_its_search_path_when_it_becomes_a_definer(found):
    made = "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql SET search_path = '' AS 'SELECT 1';"
    assert after(found, made, "ALTER FUNCTION app.f() SECURITY DEFINER;") == []
    assert after(found, made, "ALTER FUNCTION app.f() SECURITY DEFINER RESET ALL;") == ["definer-search-path"]


def test_a_rollback_with_a_remark_may_do_nothing(found):
    applied = "GRANT SELECT ON app.t TO reader;"
    assert found({"0001_x.sql": applied, "0001_x.rollback.sql": "-- The right may stay."}) == []
    assert rules(found({"0001_x.sql": applied, "0001_x.rollback.sql": "\n"})) == ["empty"]


def test_a_rollback_may_give_back_to_public_what_its_file_revoked(found):
    back = "GRANT CREATE ON SCHEMA public TO PUBLIC;"
    revoked = {"0001_x.sql": "REVOKE CREATE ON SCHEMA public FROM PUBLIC;", "0001_x.rollback.sql": back}
    assert found(revoked) == []
    assert rules(
        found({"0001_x.sql": "GRANT USAGE ON SCHEMA public TO a;", "0001_x.rollback.sql": back})
    ) == ["grant-to-public"]


@pytest.mark.parametrize(
    ("files", "broken"),
    [
        pytest.param(
            (
                "CREATE TABLE app.e (k int, x int) PARTITION BY LIST (k);\nCREATE TABLE app.p PARTITION OF app.e DEFAULT;",
                "ALTER TABLE app.e ADD CONSTRAINT c CHECK (x IS NOT NULL) NOT VALID;",
                "ALTER TABLE app.e VALIDATE CONSTRAINT c;",
                "ALTER TABLE app.p ALTER x SET NOT NULL;",
            ),
            [],
            id="a CHECK of the parent",
        ),
        pytest.param(
            (
                "CREATE TABLE app.e (k int CHECK (k > 0)) PARTITION BY LIST (k);\nCREATE TABLE app.p (LIKE app.e INCLUDING ALL);",
                "ALTER TABLE app.e ATTACH PARTITION app.p FOR VALUES IN (1);",
            ),
            ["attach-without-check"],
            id="a CHECK that LIKE copies proves no bounds",
        ),
        pytest.param(
            (
                "CREATE TABLE x.t (a int);\nALTER SCHEMA x RENAME TO y;",
                "ALTER TABLE y.t ALTER a TYPE integer;",
            ),
            [],
            id="a schema with another name",
        ),
        pytest.param(
            (
                "CREATE TABLE x.t (a int);",
                "-- lint: allow drop-cascade -- all of it\nDROP SCHEMA x CASCADE;",
                "CREATE SCHEMA x;\nCREATE TABLE IF NOT EXISTS x.t (a int);\nCREATE INDEX t_a_idx ON x.t (a);",
            ),
            [],
            id="a schema that is gone",
        ),
        pytest.param(
            ("CREATE TABLE app.t (LIKE app.unknown, a int);", "ALTER TABLE app.t ALTER b TYPE text;"),
            ["change-type-unknown"],
            id="LIKE a table that no file makes",
        ),
    ],
)
def test_schemas_and_parents_are_followed(files, broken, found):
    assert after(found, *files) == broken


def test_of_a_function_that_no_file_makes_no_more_is_said_than_is_known(found):
    (finding,) = found("ALTER TABLE app.t ADD COLUMN c int DEFAULT app.f();")
    assert finding.message.endswith(
        "app.f() is computed for every row unless it is STABLE or IMMUTABLE, which no file shows"
    )
