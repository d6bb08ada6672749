"""What a file sets aside, what a project chooses, what a branch is asked for."""

from __future__ import annotations

from runner.review.lint import Base, Level

TRUNCATE = "TRUNCATE app.drafts;"


def rules(findings) -> list[str]:
    return [finding.rule for finding in findings]


def test_a_rule_is_set_aside_for_the_whole_file_and_no_other(found):
    allow = "-- lint: allow truncate -- drafts are recreated every night\n"
    assert found(allow + TRUNCATE + TRUNCATE) == []
    assert rules(found({"0001_a.sql": allow + TRUNCATE, "0002_b.sql": TRUNCATE})) == ["truncate"]


def test_several_rules_share_a_reason(found):
    allow = "-- lint: allow truncate, drop-table -- drafts are recreated every night\n"
    assert found(allow + TRUNCATE + "DROP TABLE app.drafts;") == []


def test_without_a_reason_nothing_is_set_aside(found):
    assert rules(found("-- lint: allow truncate\n" + TRUNCATE)) == ["allow-reason", "truncate"]
    assert rules(found("-- lint: allow truncate --\n" + TRUNCATE)) == ["allow-reason", "truncate"]
    assert rules(found("-- lint: off\n" + TRUNCATE)) == ["allow-reason", "truncate"]


def test_a_rule_that_does_not_exist_is_named_with_the_nearest(found):
    unknown, kept = found("-- lint: allow trunkate -- every night\n" + TRUNCATE)
    assert (unknown.rule, unknown.hint) == ("allow-unknown", "Perhaps you meant truncate.")
    assert (unknown.where.line, unknown.where.column) == (2, 16)
    assert kept.rule == "truncate"


def test_what_finds_nothing_is_a_finding_at_its_word(found):
    (unused,) = found("-- lint: allow truncate, drop-table -- every night\n" + TRUNCATE)
    assert (unused.rule, unused.level, unused.where.column) == ("allow-unused", Level.WARNING, 26)


def test_a_missing_rollback_is_set_aside_in_the_file_itself(found):
    allow = "-- lint: allow rollback-missing -- written with the next release\n"
    assert found({"0001_a.sql": allow + "SELECT 1;"}, complete=False) == []


def test_a_project_sets_levels(found):
    levels = {"truncate": Level.WARNING, "drop-table": Level.OFF}
    (finding,) = found(TRUNCATE + "DROP TABLE app.drafts;", levels=levels)
    assert (finding.rule, finding.level) == ("truncate", Level.WARNING)


def test_a_rule_that_is_off_is_not_called_unused(found):
    allow = "-- lint: allow truncate -- every night\n"
    assert found(allow + TRUNCATE, levels={"truncate": Level.OFF}) == []


def test_only_what_a_branch_changes_is_reported_and_all_of_it_is_known(found):
    files = {
        "0001_a.sql": TRUNCATE,
        "0002_b.sql": "ALTER TABLE app.a ADD CONSTRAINT c CHECK (x IS NOT NULL) NOT VALID;",
        "0003_c.sql": "ALTER TABLE app.a VALIDATE CONSTRAINT c;",
        "0004_d.sql": "ALTER TABLE app.a ALTER COLUMN x SET NOT NULL;\nTRUNCATE app.a;",
    }
    base = Base(ids=frozenset({"0001_a", "0002_b", "0003_c"}), changed=frozenset({"0004_d"}))
    (finding,) = found(files, base=base)
    assert str(finding.where) == "migrations/0004_d.sql:3:1"


def test_a_number_that_the_base_has_given_meanwhile_is_a_twin(found):
    base = Base(ids=frozenset({"0001_a", "0002_theirs"}), changed=frozenset({"0002_ours"}))
    (finding,) = found({"0001_a.sql": "SELECT 1;", "0002_ours.sql": "SELECT 2;"}, base=base)
    assert (finding.rule, finding.message) == ("twin-number", "0002_theirs has the same number")


def test_the_newer_of_two_twins_is_the_one_that_moves(found):
    base = Base(ids=frozenset({"0002_z"}), changed=frozenset({"0002_a"}))
    (finding,) = found({"0002_a.sql": "SELECT 1;", "0002_z.sql": "SELECT 2;"}, base=base)
    assert (finding.rule, str(finding.where.path)) == ("twin-number", "migrations/0002_a.sql")


def test_names_without_numbers_are_no_twins(found):
    assert found({"add_a.sql": "SELECT 1;", "add_b.sql": "SELECT 2;"}) == []
