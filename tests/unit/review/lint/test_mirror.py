"""A rollback is held against its migration, as far as both can be read."""

from __future__ import annotations

import pytest

MIRRORED = [
    ("CREATE TABLE app.a (id int);\nCREATE INDEX a_idx ON app.a (id);", "DROP TABLE app.a;"),
    ("CREATE SCHEMA x;\nCREATE TABLE x.a (id int);", "DROP SCHEMA x CASCADE;"),
    ("ALTER TABLE app.a ADD COLUMN c text;", "ALTER TABLE app.a DROP COLUMN c;"),
    ("CREATE TABLE app.a (id int);", "ALTER TABLE app.a RENAME TO b;\nDROP TABLE app.b;"),
    ("ALTER TABLE a ADD c text;", "ALTER TABLE app.a DROP c;"),
    ("ALTER TABLE app.a ADD CONSTRAINT k CHECK (x > 0) NOT VALID;", "ALTER TABLE app.a DROP CONSTRAINT k;"),
    (
        "ALTER TABLE app.a ADD COLUMN c text;\nCOMMENT ON COLUMN app.a.c IS 'x';",
        "ALTER TABLE app.a DROP COLUMN c;",
    ),
    ("CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1';", "DROP FUNCTION app.f();"),
    ("CREATE OR REPLACE VIEW app.v AS SELECT 1 AS one;", "CREATE OR REPLACE VIEW app.v AS SELECT 2 AS one;"),
    ("CREATE TABLE IF NOT EXISTS app.a (id int);", "COMMENT ON TABLE app.b IS NULL;"),
    ("CREATE TABLE app.a (id int);", "DO $$ BEGIN DROP TABLE app.a; END $$;"),
    ("CREATE TRIGGER t BEFORE UPDATE ON app.a EXECUTE FUNCTION app.f();", "DROP TRIGGER t ON app.a;"),
    ("DROP VIEW app.v;", "CREATE VIEW app.v AS SELECT 1 AS one;"),
    ("CREATE TEMP TABLE t (id int);\nINSERT INTO t VALUES (1);", "DELETE FROM app.a WHERE id = 1;"),
    ("CREATE INDEX CONCURRENTLY a_idx ON app.a (id);", "DROP INDEX CONCURRENTLY app.a_idx;"),
    ("ALTER TABLE app.a ADD COLUMN IF NOT EXISTS c text;", "COMMENT ON TABLE app.b IS NULL;"),
    (
        "CREATE TYPE app.m AS ENUM ('a');\nCREATE TABLE app.a (m app.m);",
        "DROP TABLE app.a;\nDROP TYPE app.m;",
    ),
    (
        (
            "CREATE TABLE app.e (d date) PARTITION BY RANGE (d);\nCREATE TABLE app.e_1 PARTITION OF app.e DEFAULT PARTITION BY RANGE (d);\n"
            "CREATE TABLE app.e_2 PARTITION OF app.e_1 DEFAULT;\nCREATE INDEX e_2_idx ON app.e_2 (d);"
        ),
        "DROP TABLE app.e;",
    ),
    (
        "CREATE TABLE app.p (d date);\nALTER TABLE app.e ATTACH PARTITION app.p DEFAULT;",
        "DROP TABLE app.e;",
    ),
    (
        "CREATE MATERIALIZED VIEW app.v AS SELECT 1 AS i;\nCREATE INDEX v_idx ON app.v (i);",
        "DROP MATERIALIZED VIEW app.v;",
    ),
    (
        "CREATE VIEW app.v AS SELECT 1;\nCREATE TRIGGER t INSTEAD OF INSERT ON app.v EXECUTE FUNCTION app.f();",
        "DROP VIEW app.v;",
    ),
    (
        "CREATE SEQUENCE app.q;\nALTER TABLE app.a ADD COLUMN c int;\nALTER SEQUENCE app.q OWNED BY app.a.c;",
        "ALTER TABLE app.a DROP COLUMN c;",
    ),
    ("CREATE SEQUENCE app.q OWNED BY app.a.c;", "DROP TABLE app.a;"),
    (
        "CREATE UNIQUE INDEX i ON app.a (id);\nALTER TABLE app.a ADD CONSTRAINT k UNIQUE USING INDEX i;",
        "ALTER TABLE app.a DROP CONSTRAINT k;",
    ),
    (
        "CREATE UNIQUE INDEX i ON app.a (id);\nALTER TABLE app.a ADD PRIMARY KEY USING INDEX i;",
        "ALTER TABLE app.a DROP CONSTRAINT i;",
    ),
    ("CREATE PROCEDURE app.p() LANGUAGE sql AS 'SELECT 1';", "DROP ROUTINE app.p();"),
    (
        "CREATE TEMP TABLE t (id int);\nDROP TABLE t;\nALTER TABLE app.a ADD c int;",
        "ALTER TABLE app.a DROP c;",
    ),
]
GAPS = [
    ("CREATE TABLE app.a (id int);", "DROP TABLE app.b;", "the rollback does not drop table app.a"),
    (
        "ALTER TABLE app.a ADD CONSTRAINT k CHECK (x > 0) NOT VALID;",
        "COMMENT ON TABLE app.a IS NULL;",
        "the rollback does not drop constraint k of app.a",
    ),
    (
        "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "DROP FUNCTION app.g();",
        "the rollback does not drop function app.f",
    ),
    (
        "CREATE TRIGGER t BEFORE UPDATE ON app.a EXECUTE FUNCTION app.f();",
        "DROP TRIGGER t ON app.b;",
        "the rollback does not drop trigger t of app.a",
    ),
    ("DROP VIEW app.v;", "COMMENT ON TABLE app.a IS NULL;", "the rollback does not make view app.v again"),
    (
        "CREATE TYPE app.m AS ENUM ('a');\nCREATE TABLE app.a (m app.m);",
        "DROP TABLE app.a;",
        "the rollback does not drop type app.m",
    ),
    (
        "ALTER TABLE app.a ADD CONSTRAINT f FOREIGN KEY (i) REFERENCES app.b ON DELETE CASCADE NOT VALID;",
        "COMMENT ON TABLE app.a IS NULL;",
        "the rollback does not drop constraint f of app.a",
    ),
    (
        "CREATE SEQUENCE app.q OWNED BY app.a.c;",
        "DROP TABLE app.b;",
        "the rollback does not drop sequence app.q",
    ),
    (
        "CREATE TABLE app.p (d date);\nALTER TABLE app.e ATTACH PARTITION app.p DEFAULT;",
        "ALTER TABLE app.e DETACH PARTITION app.p;",
        "the rollback does not drop table app.p",
    ),
]


def pair(apply: str, rollback: str) -> dict[str, str]:
    head = "-- transactional: false\n" if "CONCURRENTLY" in apply else ""
    return {"0001_a.sql": head + apply, "0001_a.rollback.sql": rollback}


def mirror(findings) -> list[str]:
    return [finding.message for finding in findings if finding.rule == "rollback-not-mirroring"]


@pytest.mark.parametrize(("apply", "rollback"), MIRRORED)
def test_a_rollback_that_undoes_it_is_left_alone(apply, rollback, found):
    assert mirror(found(pair(apply, rollback))) == []


@pytest.mark.parametrize(("apply", "rollback", "message"), GAPS)
def test_what_stays_behind_is_named(apply, rollback, message, found):
    assert mirror(found(pair(apply, rollback))) == [message]


def test_it_is_said_where_the_object_is_made(found):
    files = pair(
        "GRANT SELECT ON app.a TO reader;\nALTER TABLE app.a\n    ADD COLUMN b text,\n    ADD COLUMN c text;",
        "ALTER TABLE app.a DROP COLUMN b;",
    )
    (finding,) = found(files)
    assert str(finding.where) == "migrations/0001_a.sql:4:5"


def test_what_has_no_way_back_is_not_held_against_it(found):
    files = pair("-- irreversible: the rows are gone\nDROP VIEW app.v;", "SELECT 1;")
    assert mirror(found(files)) == []
