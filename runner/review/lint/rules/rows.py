"""Rules about changes to rows and to enum values."""

from __future__ import annotations

from collections.abc import Iterator

from runner.files.sqltext.phrase import Name, Phrase
from runner.review.lint.facts import Facts
from runner.review.lint.rule import Problem, Rule
from runner.review.lint.safer import Change

_BEFORE_A_RELATION = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "USING"})


def _without_where(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for begin, end in _changes(phrase):
        table, _ = phrase.name(phrase.skip(begin + 1, ("FROM",), ("ONLY",)))
        if phrase.find("WHERE", start=begin, end=end, depth=phrase.depths[begin]) < 0 and not facts.is_new(
            table
        ):
            verb = "changed" if phrase.words[begin] == "UPDATE" else "deleted"
            yield Problem(f"every row of {table} is {verb}", phrase.offset(begin))


def _changes(phrase: Phrase) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each UPDATE and DELETE: the statement itself, or those in and after its WITH."""
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
        more = " and every table that references it" if phrase.find("CASCADE") >= 0 else ""
        yield Problem(f"TRUNCATE empties {', '.join(old)}{more}")


def _value_used(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    if not (facts.added_values and facts.script.transactional):
        return
    for index, token in enumerate(phrase.tokens):
        type_ = facts.added_values.get(token.text) if token.kind == "string" else None
        if type_ is not None and _may_be_of(type_, index, phrase, facts):
            yield Problem(f"{token.text} is used in the transaction that adds it to {type_}", token.start)


def _may_be_of(type_: Name, index: int, phrase: Phrase, facts: Facts) -> bool:
    """Return whether a literal is cast to a type, or used with a table that has, or may have, a column of it."""
    if phrase.kind in {"ALTER TYPE", "COMMENT", "GRANT"}:
        return False
    if phrase.stands(index + 1, ":", ":"):
        return _is_type(phrase.name(index + 3)[0], type_)
    if phrase.stands(index + 1, "AS"):
        return _is_type(phrase.name(index + 2)[0], type_)
    names = [name for at in range(len(phrase.tokens)) if (name := _relation(phrase, at)) is not None]
    tables = [facts.schema.table(name) for name in names]
    if not tables or any(table is None or not table.is_whole for table in tables):
        return phrase.kind not in {"CREATE FUNCTION", "CREATE PROCEDURE"}
    types = [column.type for table in tables if table is not None for column in table.columns.values()]
    return any(of is None or _is_type(Name(of.schema, of.name), type_) for of in types)


def _is_type(name: Name | None, type_: Name) -> bool:
    return name is not None and name.may_be(type_)


def _relation(phrase: Phrase, index: int) -> Name | None:
    """Return the relation that a word like FROM or UPDATE names."""
    if phrase.words[index] not in _BEFORE_A_RELATION:
        return None
    return phrase.name(phrase.skip(index + 1, ("IF", "EXISTS"), ("ONLY",)))[0]


def _value_renamed(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    type_, index = phrase.target()
    if phrase.stands(index, "RENAME", "VALUE") and not facts.is_new(type_):
        yield Problem(f"a value of {type_} is renamed for all running code at once")


def _in_batches(change: Change) -> str | None:
    phrase = change.phrase
    if phrase.kind not in {"UPDATE", "DELETE"}:
        return None
    table = change.name_at(phrase.skip(1, ("FROM",), ("ONLY",)))
    assigned = phrase.find("SET")
    head = f"UPDATE {table} {change.text(assigned)}" if phrase.kind == "UPDATE" else f"DELETE FROM {table}"
    return (
        f"-- in a file of its own: a thousand rows a transaction, until none is left\n-- batch: true\n{head}\n"
        f"    WHERE id IN (\n        SELECT id FROM {table} WHERE … ORDER BY id LIMIT 1000\n    );"
    )


RULES = (
    Rule(
        id="change-without-where",
        name="UPDATE or DELETE without WHERE",
        condition="UPDATE or DELETE without WHERE, in WITH too, of a table that the file does not create.",
        effect="Every row is locked until the end of the transaction and leaves a dead version; writers wait, replicas"
        " fall behind. Perhaps the WHERE was forgotten.",
        safer="Add a WHERE; for many rows use -- batch: true and a LIMIT.",
        unknown="How many rows there are. A WHERE that is true for every row counts as one.",
        bad="UPDATE app.orders SET currency = 'EUR';",
        good="-- batch: pause 200ms\n\nUPDATE app.orders SET currency = 'EUR'\n"
        "WHERE id IN (SELECT id FROM app.orders WHERE currency IS NULL LIMIT 1000);",
        source="UPDATE; DELETE",
        squawk=(),
        kinds=("UPDATE", "DELETE", "WITH"),
        check=_without_where,
        form=_in_batches,
    ),
    Rule(
        id="truncate",
        name="A table is truncated",
        condition="TRUNCATE of a table that the file does not create.",
        effect="ACCESS EXCLUSIVE, and all rows are lost; with CASCADE those of every table that references it.",
        safer="DELETE in batches, with a WHERE for the rows to delete.",
        unknown="Whether the table has rows.",
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
        condition="The literal of an ALTER TYPE … ADD VALUE in a later statement of the same transactional file, cast to the"
        " type or in a statement about a table that has, or may have, a column of it; unless the file creates the type.",
        effect='It fails: "unsafe use of new value" (SQLSTATE 55P04).',
        safer="Add the value in a file of its own; use it in the next.",
        unknown="Which column a literal is for: any column of the type in a table of the statement is enough."
        " Literals in function bodies and in the argument of EXECUTE.",
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
        effect="From then on, code that writes the old value fails, and code that reads gets a value it does not know.",
        safer="Add the new value, make the code accept both, update the rows in batches. The old value may stay: it costs nothing.",
        unknown="Whether running code writes the value.",
        bad="ALTER TYPE app.mood RENAME VALUE 'calm' TO 'quiet';",
        good="ALTER TYPE app.mood ADD VALUE 'quiet';",
        source="ALTER TYPE",
        kinds=("ALTER TYPE",),
        check=_value_renamed,
    ),
)
