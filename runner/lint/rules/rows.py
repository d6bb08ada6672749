"""What changes rows, and the values they may hold."""

from __future__ import annotations

from collections.abc import Iterator

from runner.lint.facts import Facts
from runner.lint.model import Problem, Rule
from runner.lint.phrase import Phrase


def _without_where(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for begin, end in _changes(phrase):
        table, _ = phrase.name(phrase.skip(begin + 1, ("FROM",), ("ONLY",)))
        if phrase.find("WHERE", start=begin, end=end, depth=phrase.depths[begin]) < 0 and not facts.is_new(
            table
        ):
            verb = "changed" if phrase.words[begin] == "UPDATE" else "deleted"
            yield Problem(f"every row of {table} is {verb}", phrase.offset(begin))


def _changes(phrase: Phrase) -> Iterator[tuple[int, int]]:
    """Yield where each UPDATE and DELETE begins and ends: the statement itself, or those in and after its WITH."""
    words, depths = phrase.words, phrase.depths
    for index, word in enumerate(words):
        # else it is FOR UPDATE, ON DELETE, DO UPDATE, or a name
        if word in {"UPDATE", "DELETE"} and (index == 0 or words[index - 1] in {"(", ")"}):
            inside = range(index, len(words))
            yield index, next((i for i in inside if depths[i] < depths[index]), len(words))


def _truncate(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    names = phrase.names(phrase.skip(1, ("TABLE",)))
    old = [str(name) for name, _ in names if not facts.is_new(name)]
    if old:
        more = " and every table that refers to it" if phrase.find("CASCADE") >= 0 else ""
        yield Problem(f"TRUNCATE empties {', '.join(old)}{more}")


def _value_used(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    if not (facts.added_values and facts.script.transactional):
        return
    for token in phrase.tokens:
        type_ = facts.added_values.get(token.text) if token.kind == "string" else None
        if type_ is not None and phrase.kind != "ALTER TYPE":
            yield Problem(f"{token.text} is used in the transaction that adds it to {type_}", token.start)


def _value_renamed(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    type_, index = phrase.target()
    if phrase.stands(index, "RENAME", "VALUE") and not facts.is_new(type_):
        yield Problem(f"a value of {type_} has another name from one moment to the next")


RULES = (
    Rule(
        id="change-without-where",
        name="UPDATE or DELETE without WHERE",
        condition="UPDATE or DELETE without WHERE, in WITH too, of a table that the file does not create.",
        effect="Every row is locked until the end of the transaction and leaves a dead version behind; writers wait, replicas"
        " fall behind. Perhaps it was not meant at all.",
        safer="Say which rows; where many, in a file with -- batch: true and a LIMIT.",
        bad="UPDATE app.orders SET currency = 'EUR';",
        good="-- batch: pause 200ms\n\nUPDATE app.orders SET currency = 'EUR'\n"
        "WHERE id IN (SELECT id FROM app.orders WHERE currency IS NULL LIMIT 1000);",
        source="UPDATE; DELETE",
        squawk=(),
        kinds=("UPDATE", "DELETE", "WITH"),
        check=_without_where,
    ),
    Rule(
        id="truncate",
        name="A table is truncated",
        condition="TRUNCATE of a table that the file does not create.",
        effect="ACCESS EXCLUSIVE, and all rows are lost; with CASCADE those of every table that refers to it.",
        safer="DELETE in batches, with a WHERE that says what may go.",
        bad="TRUNCATE app.drafts;",
        good="-- batch: true\n\nDELETE FROM app.drafts\n"
        "WHERE id IN (SELECT id FROM app.drafts WHERE sent_at < '2025-01-01' LIMIT 1000);",
        source="TRUNCATE",
        squawk=("ban-truncate-cascade",),
        kinds=("TRUNCATE",),
        check=_truncate,
    ),
    Rule(
        id="enum-value-used",
        name="An enum value is used in the transaction that adds it",
        condition="The literal of an ALTER TYPE … ADD VALUE in a later statement of the same transactional file, unless the"
        " file creates the type.",
        effect='It fails: "unsafe use of new value" (SQLSTATE 55P04).',
        safer="Add the value in a file of its own; use it in the next.",
        bad="ALTER TYPE app.mood ADD VALUE 'grave';\n\nALTER TABLE app.orders ALTER COLUMN mood SET DEFAULT 'grave';",
        good="=== 0006_add_grave.sql\nALTER TYPE app.mood ADD VALUE 'grave';\n"
        "=== 0007_grave_by_default.sql\nALTER TABLE app.orders ALTER COLUMN mood SET DEFAULT 'grave';",
        source="ALTER TYPE, Notes",
        kinds=("*",),
        check=_value_used,
    ),
    Rule(
        id="enum-value-renamed",
        name="An enum value is renamed",
        condition="ALTER TYPE … RENAME VALUE of a type that the file does not create.",
        effect="Code that still writes the old value fails from that moment on, and what it reads it does not know.",
        safer="Add the new value, let the code know both, move the rows in batches. The old value may stay: it costs nothing.",
        bad="ALTER TYPE app.mood RENAME VALUE 'calm' TO 'quiet';",
        good="ALTER TYPE app.mood ADD VALUE 'quiet';",
        source="ALTER TYPE",
        kinds=("ALTER TYPE",),
        check=_value_renamed,
    ),
)
