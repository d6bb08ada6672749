"""Rules about constraints on tables that hold rows."""

from __future__ import annotations

from collections.abc import Iterator

from runner.files.sqltext.alter_table import Action, actions
from runner.files.sqltext.phrase import Phrase
from runner.review.lint.facts import Facts
from runner.review.lint.rule import Level, Problem, Rule
from runner.review.lint.safer import (
    Change,
    foreign_key_of_column,
    made_name,
    reference_of_column,
    validated_later,
)

_FOR_PARTITIONS = (
    "PostgreSQL before 18 refuses NOT VALID for a foreign key of a partitioned table: ADD CONSTRAINT … NOT VALID on each"
    " partition, VALIDATE CONSTRAINT of each in the next file; then add it to the partitioned table, which scans nothing."
)


def _says(phrase: Phrase, action: Action, *words: str) -> bool:
    return phrase.find(*words, start=action.after, end=action.end) >= 0


def _check_validated(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    table, _ = phrase.target()
    if facts.is_new(table):
        return
    for action in actions(phrase):
        if action.verb in {"ADD CHECK", "ADD NOT"} and not _says(phrase, action, "NOT", "VALID"):
            yield Problem(
                f"adding a CHECK scans all of {table} while it is locked", phrase.offset(action.start)
            )
        elif action.verb == "ADD COLUMN" and _says(phrase, action, "CHECK"):
            message = f"the CHECK of the new column {action.name} scans all of {table} while it is locked"
            yield Problem(message, phrase.offset(action.start))


def _foreign_key_validated(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    table, _ = phrase.target()
    if facts.is_new(table):
        return
    known = facts.schema.table(table)
    hint = _FOR_PARTITIONS if known is not None and known.is_partitioned else None
    for action in actions(phrase):
        if action.verb == "ADD FOREIGN" and not _says(phrase, action, "NOT", "VALID"):
            message = f"adding a foreign key scans all of {table} while nobody can write to either table"
            yield Problem(message, phrase.offset(action.start), hint=hint)
        elif action.verb == "ADD COLUMN" and _has_old_rows_to_look_up(phrase, action):
            message = f"the default of {action.name} is looked up for every row of {table} while it is locked"
            yield Problem(message, phrase.offset(action.start), hint=hint)


def _has_old_rows_to_look_up(phrase: Phrase, action: Action) -> bool:
    """Return whether a new column references a table and is not NULL in existing rows."""
    default = phrase.find("DEFAULT", start=action.after, end=action.end)
    has_value = default >= 0 and not phrase.stands(default + 1, "NULL")
    return has_value and _says(phrase, action, "REFERENCES")


def _builds_index(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    table, _ = phrase.target()
    if facts.is_new(table):
        return
    for action in actions(phrase):
        of_table = action.verb in {"ADD UNIQUE", "ADD PRIMARY", "ADD EXCLUDE"}
        of_column = action.verb == "ADD COLUMN" and (
            _says(phrase, action, "UNIQUE") or _says(phrase, action, "PRIMARY", "KEY")
        )
        if (of_table or of_column) and not _says(phrase, action, "USING", "INDEX"):
            message = f"the constraint's index is built while nobody can use {table}"
            yield Problem(message, phrase.offset(action.start))


def _validated_at_once(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    if not facts.script.transactional:
        return
    for action in actions(phrase):
        if action.verb == "VALIDATE CONSTRAINT" and action.name in facts.not_valid:
            message = f"{action.name} is validated in the transaction that adds it"
            yield Problem(message, phrase.offset(action.start))


def _domain_constraint(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    domain, index = phrase.target()
    if facts.is_new(domain):
        return
    is_added = phrase.stands(index, "ADD") and phrase.find("NOT", "VALID", start=index) < 0
    if is_added or phrase.stands(index, "SET", "NOT", "NULL") or phrase.stands(index, "VALIDATE"):
        what = "VALIDATE CONSTRAINT" if phrase.stands(index, "VALIDATE") else "the new constraint"
        message = (
            f"{what} of {domain} scans every table that has a column of it, while nobody can write to them"
        )
        yield Problem(message, phrase.offset(index))


_TWO_FILES = (
    "=== 0006_total_positive.sql\n"
    "ALTER TABLE app.orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;\n"
    "=== 0007_prove_total_positive.sql\nALTER TABLE app.orders VALIDATE CONSTRAINT total_positive;"
)


def _check_later(change: Change) -> str | None:
    if change.verb == "ADD CHECK":
        return validated_later(change, change.name or "…", change.rest)
    start = change.has("CHECK")
    if change.verb != "ADD COLUMN" or start < 0:
        return None
    end = change.phrase.find(")", start=start) + 1
    name = made_name(change.table, change.name, "check")
    if change.phrase.stands(start - 2, "CONSTRAINT"):
        start, name = start - 2, change.text(start - 1, start)
    check = change.text(change.phrase.find("CHECK", start=start), end)
    return f"{_column_without(change, start, end)}{validated_later(change, name, check)}"


def _column_without(change: Change, start: int, end: int) -> str:
    """Return the statement that adds a column without one of its constraints."""
    if change.action is None:
        return ""
    words = (change.text(change.action.after, start), change.text(end, change.action.end))
    plain = " ".join(word for word in words if word)
    return f"ALTER TABLE {change.table} ADD COLUMN {change.name} {plain};\n"


def _foreign_key_later(change: Change) -> str | None:
    if change.verb == "ADD FOREIGN":
        return validated_later(change, change.name or "…", change.rest)
    found = reference_of_column(change)
    if change.verb != "ADD COLUMN" or found is None or change.rewrites:
        return None
    return f"{_column_without(change, *found)}{foreign_key_of_column(change)}"


def _over_an_index(change: Change) -> str | None:
    made, table = "", change.table
    if change.verb == "ADD COLUMN":
        at = max(change.has("UNIQUE"), change.has("PRIMARY", "KEY"))
        if at < 0 or change.rewrites:
            return None
        kind, parts = "UNIQUE" if change.phrase.stands(at, "UNIQUE") else "PRIMARY KEY", [change.name]
        made = _column_without(change, at, at + len(kind.split()))
    elif change.verb in {"ADD UNIQUE", "ADD PRIMARY"}:
        kind = "UNIQUE" if change.verb == "ADD UNIQUE" else "PRIMARY KEY"
        opened = change.has("(")
        parts = [] if opened < 0 else [change.text(*part) for part in change.phrase.elements(opened)]
    else:
        parts = []
    if not parts:
        return None
    columns = ", ".join(parts)
    suffix = "key" if kind == "UNIQUE" else "pkey"
    name = ("" if made else change.name) or made_name(table, *parts, suffix)
    if change.is_partitioned():
        return (
            f"{made}-- on the partitioned table alone, for which USING INDEX is refused:\n"
            f"ALTER TABLE ONLY {table} ADD CONSTRAINT {name} {kind} ({columns});\n"
            f"-- in the next file, with -- transactional: false, for each partition:\n"
            f"CREATE UNIQUE INDEX CONCURRENTLY {name}_part ON … ({columns});\n"
            f"-- in the one after it, for each:\n"
            f"ALTER TABLE … ADD CONSTRAINT {name}_part {kind} USING INDEX {name}_part;\n"
            f"ALTER INDEX {name} ATTACH PARTITION {name}_part;"
        )
    null = (
        ""
        if kind == "UNIQUE"
        else "-- first each column SET NOT NULL, proven by a valid CHECK (… IS NOT NULL): USING INDEX would scan for NULL\n"
    )
    made = made and f"{made}-- in the next file:\n"
    return (
        f"{made}{null}-- transactional: false\nCREATE UNIQUE INDEX CONCURRENTLY {name}\n    ON {table} ({columns});\n"
        f"-- in the next file:\nALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name};"
    )


RULES = (
    Rule(
        id="check-not-valid",
        name="A CHECK is added without NOT VALID",
        condition="ADD CONSTRAINT … CHECK, or ADD COLUMN … CHECK, without NOT VALID on a table that the file does not"
        " create.",
        effect="ACCESS EXCLUSIVE while the table is scanned.",
        safer="ADD CONSTRAINT … NOT VALID, which applies to new rows at once; VALIDATE CONSTRAINT in the next file.",
        unknown="How large the table is.",
        bad="ALTER TABLE app.orders ADD CONSTRAINT total_positive CHECK (total > 0);",
        good=_TWO_FILES,
        source="ALTER TABLE, ADD table_constraint [ NOT VALID ]",
        squawk=("constraint-missing-not-valid",),
        kinds=("ALTER TABLE",),
        check=_check_validated,
        form=_check_later,
    ),
    Rule(
        id="foreign-key-not-valid",
        name="A foreign key is added without NOT VALID",
        condition="ADD FOREIGN KEY without NOT VALID, or ADD COLUMN … DEFAULT value REFERENCES, on a table that the file"
        " does not create.",
        effect="SHARE ROW EXCLUSIVE on both tables while every row of one is looked up in the other: no writes to"
        " either.",
        safer="ADD CONSTRAINT … FOREIGN KEY … NOT VALID; VALIDATE CONSTRAINT in the next file.",
        unknown="How large the tables are. The server's version: before 18 a partitioned table must be done partition by"
        " partition, and only files or snapshot show that it is partitioned. A DEFAULT that computes NULL counts as a value.",
        bad="ALTER TABLE app.orders\n"
        "    ADD CONSTRAINT customer_fkey FOREIGN KEY (customer_id) REFERENCES app.customers (id);",
        good="ALTER TABLE app.orders\n"
        "    ADD CONSTRAINT customer_fkey FOREIGN KEY (customer_id) REFERENCES app.customers (id) NOT VALID;",
        source="ALTER TABLE, ADD table_constraint [ NOT VALID ]",
        squawk=("adding-foreign-key-constraint",),
        kinds=("ALTER TABLE",),
        check=_foreign_key_validated,
        form=_foreign_key_later,
    ),
    Rule(
        id="constraint-builds-index",
        name="A constraint builds its index under lock",
        condition="UNIQUE, PRIMARY KEY or EXCLUDE added without USING INDEX, to a table that the file does not create.",
        effect="ACCESS EXCLUSIVE while the table is scanned and the index is built.",
        safer="CREATE UNIQUE INDEX CONCURRENTLY in one file, ADD CONSTRAINT … UNIQUE USING INDEX in the next. For EXCLUDE"
        " there is no safer way.",
        unknown="How large the table is.",
        bad="ALTER TABLE app.orders ADD CONSTRAINT orders_number_key UNIQUE (number);",
        good="ALTER TABLE app.orders ADD CONSTRAINT orders_number_key UNIQUE USING INDEX orders_number_idx;",
        source="ALTER TABLE, ADD table_constraint_using_index",
        squawk=("disallowed-unique-constraint",),
        kinds=("ALTER TABLE",),
        check=_builds_index,
        form=_over_an_index,
    ),
    Rule(
        id="validate-in-same-file",
        name="A constraint is added NOT VALID and validated in one transaction",
        condition="VALIDATE CONSTRAINT in the transactional file that adds the constraint.",
        effect="The lock of the ALTER that adds it is held until the end of the transaction, so the table is locked during"
        " the scan: NOT VALID gains nothing.",
        safer="Put VALIDATE CONSTRAINT into the next file.",
        unknown="How large the table is, and how long the scan takes.",
        bad="ALTER TABLE app.orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;\n\n"
        "ALTER TABLE app.orders VALIDATE CONSTRAINT total_positive;",
        good=_TWO_FILES,
        source="ALTER TABLE, VALIDATE CONSTRAINT",
        kinds=("ALTER TABLE",),
        check=_validated_at_once,
    ),
    Rule(
        id="domain-constraint",
        name="A constraint is added to a domain",
        level=Level.WARNING,
        condition="ALTER DOMAIN … ADD without NOT VALID, SET NOT NULL or VALIDATE CONSTRAINT, of a domain that the file does"
        " not create.",
        effect="Every table with a column of the domain is locked against writes (SHARE) and scanned.",
        safer="Put the CHECK on the tables, NOT VALID first. For new values only, add it to the domain NOT VALID.",
        unknown="Whether any table has a column of the domain.",
        bad="ALTER DOMAIN app.percentage ADD CONSTRAINT percentage_range CHECK (VALUE <= 100);",
        good="ALTER DOMAIN app.percentage ADD CONSTRAINT percentage_range CHECK (VALUE <= 100) NOT VALID;",
        source="ALTER DOMAIN, Notes",
        squawk=("ban-alter-domain-with-add-constraint",),
        kinds=("ALTER DOMAIN",),
        check=_domain_constraint,
    ),
)
