"""What is harmless is not reported."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(
            "CREATE TABLE app.t (id bigint, n int);\nCREATE INDEX t_n_idx ON app.t (n);\n"
            "ALTER TABLE app.t ADD COLUMN c uuid DEFAULT gen_random_uuid(), ALTER COLUMN n TYPE bigint;\n"
            "ALTER TABLE app.t ADD CONSTRAINT t_n_check CHECK (n > 0), ALTER COLUMN n SET NOT NULL;\n"
            "UPDATE app.t SET n = 1;\nTRUNCATE app.t;",
            id="on a table that the file makes",
        ),
        pytest.param(
            'CREATE TABLE app."T" (id int);\nCREATE INDEX ON "app" . "T" (id);',
            id="a quoted name of a new table",
        ),
        pytest.param(
            "CREATE TEMP TABLE t (id int);\nUPDATE t SET id = 1;\nDROP TABLE t;", id="a temporary table"
        ),
        pytest.param(
            "CREATE TABLE app.t (id int);\nALTER TABLE app.t RENAME TO u;\nCREATE INDEX ON app.u (id);",
            id="a new table under its second name",
        ),
        pytest.param(
            "ALTER TABLE app.t ADD COLUMN c timestamptz DEFAULT now();", id="a default of one value"
        ),
        pytest.param(
            "ALTER TABLE app.t ADD COLUMN c varchar(20) DEFAULT 'x'::varchar(20);", id="a cast in a default"
        ),
        pytest.param(
            "ALTER TABLE app.t ADD COLUMN c text DEFAULT 'random()';", id="a function's name in a string"
        ),
        pytest.param(
            "ALTER TABLE app.t\n    ADD COLUMN c text, -- CHECK (c <> ''), gen_random_uuid()\n    ADD COLUMN d text;",
            id="words in a comment",
        ),
        pytest.param(
            "CREATE TYPE app.m AS ENUM ('a');\nALTER TYPE app.m ADD VALUE 'b';\nSELECT 'b'::app.m;",
            id="a value of a new type",
        ),
        pytest.param(
            "-- transactional: false\nALTER TYPE app.m ADD VALUE 'b';\nUPDATE app.t SET m = 'b' WHERE id = 1;",
            id="a value used after its commit",
        ),
        pytest.param("DELETE FROM app.t WHERE id = 1;", id="a WHERE"),
        pytest.param("CREATE INDEX ON ONLY app.events (day);", id="an index that no partition has yet"),
        pytest.param(
            "CREATE FUNCTION app.f() RETURNS text LANGUAGE sql AS $$DROP TABLE app.t; TRUNCATE app.u$$;",
            id="words in a function's body",
        ),
        pytest.param(
            "ALTER TABLE app.a ADD COLUMN c text;\nCOMMENT ON COLUMN app.a.c IS 'x';",
            id="more of the same table",
        ),
        pytest.param("GRANT SELECT ON app.t TO publicity;", id="a role whose name begins like PUBLIC"),
        pytest.param(
            "SELECT 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';", id="an alphabet"
        ),
        pytest.param(
            "ALTER TABLE app.t ADD COLUMN c int DEFAULT NULL REFERENCES app.u (id);",
            id="a bracket after a default",
        ),
        pytest.param(
            "WITH gone AS (DELETE FROM app.t WHERE id = 1 RETURNING *)\nINSERT INTO app.u SELECT * FROM gone;",
            id="a WHERE in a WITH",
        ),
        pytest.param(
            "WITH n AS (SELECT id FROM app.t FOR UPDATE)\nUPDATE app.t SET a = 1 FROM n WHERE t.id = n.id;",
            id="FOR UPDATE",
        ),
        pytest.param(
            "CREATE TABLE app.e_2030 (day date, CHECK (day > '2029-12-31'));\n"
            "ALTER TABLE app.e ATTACH PARTITION app.e_2030 DEFAULT;",
            id="a new partition",
        ),
        pytest.param("CALL app.fill();", id="a procedure in the file's transaction"),
        pytest.param("CREATE ROLE a PASSWORD NULL;", id="no password"),
        pytest.param(
            "COMMENT ON COLUMN app.users.password IS 'bcrypt hash, never the password itself';",
            id="the word password",
        ),
        pytest.param(
            "INSERT INTO app.t VALUES ('0b5a9c1e-6d2f-4a37-9a51-3f0e8a7c2d11', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4');",
            id="a UUID and a hash",
        ),
        pytest.param(
            "SELECT 'postgres://user:${PASSWORD}@host/db', 'postgres://user:***@host/db';",
            id="a URL without its password",
        ),
        pytest.param(
            "-- transactional: false\nVACUUM (ANALYZE) app.t;\nREINDEX TABLE CONCURRENTLY app.t;",
            id="what may be repeated",
        ),
        pytest.param(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reporting;",
            id="default rights of a role",
        ),
        pytest.param(
            "ALTER TABLE app.t ADD CONSTRAINT a CHECK (x > 0) NOT VALID, ADD CONSTRAINT b CHECK (y > 0) NOT VALID;",
            id="two of them, both NOT VALID",
        ),
        pytest.param(
            "CREATE VIEW app.v AS SELECT id FROM app.t;\nALTER TABLE app.t ADD COLUMN c text;",
            id="a view before its table",
        ),
    ],
)
def test_nothing_is_found(sql, found):
    assert found(sql) == []
