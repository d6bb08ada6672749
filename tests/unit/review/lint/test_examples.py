"""Each rule's examples: the bad one breaks that rule and no other, the good one breaks none."""

from __future__ import annotations

import pytest

from runner.review.lint import BORROWED, RULES
from runner.review.lint.rules import MEASURED
from tests.unit.review.lint.conftest import base_of, files_of

OWN = [rule for rule in RULES if rule not in (*BORROWED, *MEASURED)]


def rules_broken(rule, example, found) -> list[str]:
    files = files_of(example)
    complete = rule.id != "rollback-missing"
    return [finding.rule for finding in found(files, base=base_of(example, files), complete=complete)]


@pytest.mark.parametrize("rule", OWN, ids=lambda rule: rule.id)
def test_the_bad_example_breaks_its_rule_and_no_other(rule, found):
    assert rules_broken(rule, rule.bad, found) == [rule.id]


@pytest.mark.parametrize("rule", OWN, ids=lambda rule: rule.id)
def test_the_good_example_breaks_none(rule, found):
    assert rules_broken(rule, rule.good, found) == []


def test_rules_have_ids_of_their_own():
    assert len({rule.id for rule in RULES}) == len(RULES)
