"""No statement, however broken, stops lint; and each kind of file of a project can be read."""

from __future__ import annotations

import re
from pathlib import Path

from runner.files.migrations.migration import Script
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.phrase import Phrase
from runner.files.sqltext.tokens import SqlSyntaxError, tokens
from runner.review.lint import RULES
from runner.review.lint.bodies import inner
from runner.review.lint.check import Facts, _statement
from runner.review.lint.rollback_coverage import gaps
from runner.review.lint.schema import Schema
from tests.unit.review.lint.conftest import files_of

PAGE = Path(__file__).parents[4] / "docs" / "locks.md"


ODD = [
    "CREATE TABLE a.t (id bigint CONSTRAINT k CHECK (id > 0 AND (x IS NOT NULL)) REFERENCES a.u, LIKE a.v, CHECK (NOT (b IS NULL)))",
    "CREATE TABLE a.p PARTITION OF a.t (CHECK (x > 0)) FOR VALUES IN (1) PARTITION BY HASH (x)",
    "ALTER TABLE a.t ADD CONSTRAINT k UNIQUE USING INDEX i, ALTER COLUMN b SET DATA TYPE double precision[] USING b::float(8)[]",
    "ALTER TABLE a.t ADD COLUMN c numeric(5, 2) DEFAULT (a.f(1) + extract(epoch FROM now()))::numeric(5, 2) NOT NULL",
    "ALTER TABLE a.t RENAME CONSTRAINT a TO b; ALTER TABLE a.t RENAME TO u; ALTER TABLE a.t SET SCHEMA b",
    "CREATE DOMAIN a.d AS character varying (3) [] CONSTRAINT k CHECK (VALUE <> '') NOT NULL; ALTER DOMAIN a.d DROP CONSTRAINT k",
    "ALTER SEQUENCE a.s OWNED BY a.t.id; ALTER INDEX a.i ATTACH PARTITION a.j; ALTER FUNCTION a.f(int) RESET search_path",
    "WITH a AS (SELECT 1) SELECT * INTO TEMP TABLE b FROM a; SELECT dblink('host=a password=b')",
    "DO LANGUAGE plpgsql $$ <<l>> DECLARE x int; BEGIN IF a THEN EXECUTE 'DROP TABLE t' USING x; ELSE DELETE FROM t; END IF; END $$",
    "ALTER TYPE a.m ADD VALUE IF NOT EXISTS 'x' BEFORE 'y'; INSERT INTO a.t VALUES (CAST('x' AS a.m), 'x'::a.m)",
    "CREATE TABLE t (a interval year to month (3), b time (2) with time zone, c bit varying (3), d timestamp without time zone)",
]


def texts() -> list[str]:
    examples = [
        text for rule in RULES for text in (*files_of(rule.bad).values(), *files_of(rule.good).values())
    ]
    return [*examples, *ODD, *re.findall(r"^\| `([^`]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)]


def shortened(text: str) -> list[str]:
    """Return the text up to each of its tokens, and without each of them."""
    found = list(tokens(text))
    cut = [text[: token.start] for token in found]
    return cut + [text[: token.start] + text[token.start + len(token.text) :] for token in found]


def test_no_shortened_statement_stops_a_rule():
    count = 0
    for whole in texts():
        for text in shortened(whole):
            script = Script(path=Path("a.sql"), label="a.sql", text=text, checksum="", size_bytes=0)
            facts = Facts(script, Schema())
            try:
                outer = list(statements([text]))
                phrases = [Phrase(statement) for one in outer for statement in (one, *inner(one))]
            except SqlSyntaxError:
                continue
            for phrase in phrases:
                for rule in RULES:
                    if phrase.kind in rule.kinds or "*" in rule.kinds:
                        list(_statement(rule, phrase, facts, set()))
                facts.note(phrase)
                count += 1
            list(gaps(phrases, phrases))
    assert count > 2000
