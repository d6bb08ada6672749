"""No statement, however broken, stops lint; and each kind of file of a project can be read."""

from __future__ import annotations

import re
from pathlib import Path

from runner.lint import RULES
from runner.lint.check import Facts, _statement
from runner.lint.mirror import gaps
from runner.lint.phrase import Phrase
from runner.lint.schema import Schema
from runner.migrations import Script
from runner.sqltext import SqlSyntaxError, statements
from runner.sqltext.tokens import tokens
from tests.unit.lint.conftest import files_of

PAGE = Path(__file__).parents[3] / "docs" / "locks.md"


def texts() -> list[str]:
    examples = [
        text for rule in RULES for text in (*files_of(rule.bad).values(), *files_of(rule.good).values())
    ]
    return [*examples, *re.findall(r"^\| `([^`]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)]


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
                phrases = [Phrase(statement) for statement in statements([text])]
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
