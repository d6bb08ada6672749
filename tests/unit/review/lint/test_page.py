"""docs/lint.md is what the rules say of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from runner.review.lint import BORROWED, RULES, Rule
from runner.review.lint.rules import MEASURED
from tests.unit.review.lint.conftest import SINGLE, files_of
from tests.unit.review.lint.golden import UPDATE, assert_golden

PAGE = Path(__file__).parents[4] / "docs" / "lint.md"
HEAD = f"""\
# The rules of `runner lint`

`runner lint` reads the files and no database. This page is written by the rules themselves
(`{UPDATE}=1 make test ARGS=tests/unit/review/lint/test_page.py`), and each example on it is a test: the bad one breaks its
rule and no other, the good one breaks none. `runner verify` measures on a database what lint can only read.

- An **error** is exit code 3; a **warning** is one with `--strict` only; a rule that is **off** is asked for by name.
- It knows the schema that the earlier files make: columns and their types, domains, constraints, indexes, partitions,
  functions; and of what no file makes, what the committed snapshot says. Statements inside `DO` are read as if they ran.
- What a file does to a table that the same file creates is harmless, and no rule minds it. A rollback is looked at for
  secrets, rights and grammar only: what it drops, it drops by intent.
- In a git repository, findings in files that the default branch has unchanged are counted and not shown: such a file may
  be applied somewhere, and an applied file is not edited. `--all` shows them, and `--base` shows what a branch changes.
  Files that `migrate` would refuse are always shown. The default branch is `origin/HEAD`, else `main` or `master`; where
  git knows none, as in a shallow clone, everything is shown.
- What breaks a rule at several lines of a file is one finding, which names the lines. Where the whole history is shown, each rule
  names its newest three files and counts the rest. `--all` shows every place.
- A file **sets a rule aside** in its leading comment, with its reason; without a reason it sets nothing aside, and where
  nothing is found the line itself is a finding:

  ```sql
  -- lint: allow index-not-concurrent -- the table is small and written to once a day
  ```

- A **project** chooses levels in `runner.toml`:

  ```toml
  [lint]
  prefer-timestamptz = "warning"
  detach-not-concurrent = "off"
  ```

- Rules marked *verify* are about the statements of the application. `runner verify` finds them, as it plans these before and after
  each file: see [verify.md](verify.md#the-applications-statements). The reason that sets one aside must name the statement.
- Rules marked *squawk* are found by [squawk](https://squawkhq.com), a program that `pip install squawk-cli` brings
  along. Without it they are not looked for, and lint says so.

"""


def page() -> str:
    """Return the page."""
    return HEAD + "\n".join((*_table(), *(line for rule in RULES for line in _section(rule)))) + "\n"


def _table() -> Iterator[str]:
    yield "| rule | level | finds |"
    yield "|---|---|---|"
    for rule in RULES:
        mark = " *squawk*" if rule in BORROWED else " *verify*" if rule in MEASURED else ""
        yield f"| [`{rule.id}`](#{rule.id}){mark} | {rule.level.value} | {rule.name} |"


def _section(rule: Rule) -> Iterator[str]:
    yield from ("", f"## {rule.id}", "", f"{rule.name}.", "", f"- **When:** {rule.condition}")
    yield from (f"- **In production:** {rule.effect}", f"- **Safer:** {rule.safer}")
    yield f"- **Cannot know:** {rule.unknown}"
    yield from ([f"- **Manual:** {rule.source}."] if rule.source else [])
    yield ""
    yield from ("Bad:", "", *_example(rule.bad), "", "Good:", "", *_example(rule.good))


def _example(text: str) -> Iterator[str]:
    yield "```sql"
    for number, (name, sql) in enumerate(files_of(text).items()):
        if number:
            yield ""
        if name != SINGLE:
            yield f"-- {name}{_said_of(name, text)}"
        yield sql.rstrip("\n")
    yield "```"


def _said_of(name: str, text: str) -> str:
    if f"=== base: {name}\n" in text:
        return ", which the base has"
    return ", which the base has otherwise" if f"=== edited: {name}\n" in text else ""


def test_the_page_is_what_the_rules_say():
    assert_golden(PAGE, page())


def test_every_rule_says_when_it_fires_what_happens_what_is_safer_and_what_it_cannot_know():
    for rule in RULES:
        for text in (rule.condition, rule.effect, rule.safer, rule.unknown):
            assert text.endswith((".", "here")), text
            assert "  " not in text, text
