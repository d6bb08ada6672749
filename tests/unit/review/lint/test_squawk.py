"""What squawk knows, in our words; and where both know a thing, whether they agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import RunnerError
from runner.review.lint import BORROWED, RULES, Level, lint, squawk
from tests.unit.review.lint.conftest import files_of

pytestmark = pytest.mark.slow

LEVELS = {rule.id: Level.WARNING for rule in BORROWED if rule.level is Level.OFF}
DIFFERENT = {
    "table-rewrite": "prefer-repack and require-table-schema have to be asked for",
    "unqualified-name": "as above",
    "truncate": "squawk minds only CASCADE",
}


@pytest.fixture
def program() -> Path:
    found = squawk.find()
    assert found is not None, "the dev extra installs it"
    return found


@pytest.fixture
def with_squawk(program, migrations_of):
    """Check SQL with squawk too, every borrowed rule on."""

    def check(files, **options):
        migrations = migrations_of(files_of(files) if isinstance(files, str) else files)
        scripts = [script for m in migrations for script in (m.apply, m.rollback) if script is not None]
        return lint(migrations, levels=LEVELS, borrowed=squawk.run(program, scripts), **options)

    return check


@pytest.mark.parametrize("rule", BORROWED, ids=lambda rule: rule.id)
def test_the_bad_example_of_a_borrowed_rule_breaks_it(rule, with_squawk):
    assert [finding.rule for finding in with_squawk(rule.bad)] == [rule.id]


@pytest.mark.parametrize("rule", BORROWED, ids=lambda rule: rule.id)
def test_the_good_example_of_a_borrowed_rule_breaks_none(rule, with_squawk):
    assert with_squawk(rule.good) == []


SHARED = [rule for rule in RULES if rule not in BORROWED and rule.squawk and rule.id not in DIFFERENT]


@pytest.mark.parametrize("rule", SHARED, ids=lambda rule: rule.id)
def test_squawk_agrees_where_it_knows_our_rule(rule, program, migrations_of):
    (*_, migration) = migrations_of(files_of(rule.bad))
    heard = squawk._ask(program, [str(migration.apply.path)])
    assert {item["rule_name"] for item in heard} & set(rule.squawk)


def test_a_column_counts_characters_and_not_bytes(with_squawk):
    (finding,) = with_squawk("SELECT 'ü€😀' AS \"ü\"; ALTER TABLE ünï.o ADD COLUMN c char(3);")
    assert finding.rule == "char-type"
    assert finding.where.line == 2  # below the line that the fixture puts before it
    assert finding.where.text[finding.where.column - 1 :] == "char(3);"


def test_what_psql_reads_is_not_shown_to_squawk(with_squawk):
    assert with_squawk("COPY app.orders (id) FROM stdin;\n1\n\\.\n") == []


def test_one_mistake_of_grammar_is_said_once_a_file(with_squawk):
    found = with_squawk("ALTER TABEL app.orders ADD COLUMN;\n\nSELEC 1;")
    assert [finding.rule for finding in found] == ["syntax"]


def test_a_borrowed_rule_is_set_aside_like_any_other(with_squawk):
    sql = "-- lint: allow char-type -- the partner's files are of fixed width\n\nALTER TABLE app.o ADD COLUMN c char(3);"
    assert with_squawk(sql) == []


def test_an_allowed_rule_that_nobody_looked_for_is_not_called_unused(found):
    sql = "-- lint: allow char-type -- the partner's files are of fixed width\n\nALTER TABLE app.o ADD COLUMN c text;"
    assert found(sql) == []


def test_a_squawk_that_fails_is_named(tmp_path, migrations_of):
    broken = tmp_path / "squawk"
    broken.write_text("#!/bin/sh\necho it broke >&2\nexit 9\n")
    broken.chmod(0o755)
    (migration,) = migrations_of({"0001_a.sql": "SELECT 1;"})
    with pytest.raises(RunnerError, match="squawk ended with exit code 9") as error:
        squawk.run(broken, [migration.apply])
    assert error.value.detail == "it broke"
    assert "--no-squawk" in error.value.hint


def test_every_example_but_that_of_bad_grammar_is_grammar(program, tmp_path):
    paths = []
    for rule in RULES:
        for name, sql in (*files_of(rule.bad).items(), *files_of(rule.good).items()):
            if rule.id != "syntax" and not name.startswith("sql/statements/"):  # :name is no grammar
                path = tmp_path / f"{len(paths):04}_{rule.id}_{name.replace('/', '_')}"
                path.write_text(sql, encoding="utf-8")
                paths.append(str(path))
    heard = squawk._ask(program, paths)
    assert [item for item in heard if item["rule_name"] == "syntax-error"] == []
