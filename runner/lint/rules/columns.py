"""Columns of tables that hold rows."""

from __future__ import annotations

from collections.abc import Iterator

from runner.lint.alter import Action, actions
from runner.lint.facts import Facts
from runner.lint.model import Problem, Rule
from runner.lint.phrase import Phrase

_SERIAL = frozenset({"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL2", "SERIAL4", "SERIAL8"})
# Not volatile, so one value serves all rows and none is rewritten; types that may stand before a bracket too.
# Source: pg_proc.provolatile; ALTER TABLE, Notes.
_STEADY = frozenset({
    "NOW", "CURRENT_TIMESTAMP", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP", "STATEMENT_TIMESTAMP", "TIMEZONE",
    "TRANSACTION_TIMESTAMP", "CURRENT_SETTING", "TO_JSON", "TO_JSONB", "JSONB_BUILD_OBJECT", "JSON_BUILD_OBJECT",
    "JSONB_BUILD_ARRAY", "TO_CHAR", "TO_DATE", "TO_TIMESTAMP", "MAKE_INTERVAL", "MAKE_DATE", "DATE_TRUNC", "LOWER",
    "UPPER", "CONCAT", "COALESCE", "NULLIF", "REPEAT", "MD5", "CAST", "ROW", "ROUND", "VARCHAR", "CHAR", "CHARACTER",
    "VARYING", "NUMERIC", "DECIMAL", "BIT", "TIMESTAMP", "TIMESTAMPTZ", "TIME", "INTERVAL",
})  # fmt: skip
_ENDS_DEFAULT = frozenset(
    {"NOT", "NULL", "CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "REFERENCES", "GENERATED"}
)


def _altered(phrase: Phrase, facts: Facts, verb: str) -> Iterator[Action]:
    if not facts.is_new(phrase.target()[0]):
        yield from (action for action in actions(phrase) if action.verb == verb)


def _column_rewrite(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action in _altered(phrase, facts, "ADD COLUMN"):
        why = _rewrites(phrase, action)
        if why is not None:
            message = f"adding {action.name} rewrites {phrase.target()[0]}: {why}"
            yield Problem(message, phrase.offset(action.start))


def _rewrites(phrase: Phrase, action: Action) -> str | None:
    words = phrase.words[action.after : action.end]
    if words and words[0] in _SERIAL:
        return f"{words[0].lower()} is a number for every row"
    if "GENERATED" in words and "IDENTITY" in words:
        return "identity is a number for every row"
    if "GENERATED" in words and "STORED" in words:
        return "a value is generated and stored for every row"
    function = _volatile(phrase, action)
    return None if function is None else f"{function}() is computed for every row"


def _volatile(phrase: Phrase, action: Action) -> str | None:
    """Return the function of a DEFAULT that is not known to give the same value for all rows."""
    start = phrase.find("DEFAULT", start=action.after, end=action.end)
    if start < 0:
        return None
    for index in range(start + 1, action.end):
        word = phrase.words[index]
        if phrase.depths[index] == 0 and word in _ENDS_DEFAULT:
            return None
        if (
            phrase.stands(index + 1, "(")
            and phrase.tokens[index].kind in {"word", "name"}
            and word not in _STEADY
        ):
            return phrase.tokens[index].text
    return None


def _column_required(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action in _altered(phrase, facts, "ADD COLUMN"):
        words = set(phrase.words[action.after : action.end])
        is_required = phrase.find("NOT", "NULL", start=action.after, end=action.end) >= 0
        if is_required and not words & {"DEFAULT", "GENERATED", *_SERIAL}:
            yield Problem(f"{action.name} may not be NULL and has no default", phrase.offset(action.start))


def _set_not_null(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    table, _ = phrase.target()
    for action in _altered(phrase, facts, "ALTER COLUMN"):
        is_it = table is not None and phrase.stands(action.after, "SET", "NOT", "NULL")
        if is_it and table is not None and (table.name, action.name) not in facts.world.proven:
            yield Problem(
                f"SET NOT NULL reads all of {table} while it is locked", phrase.offset(action.start)
            )


def _change_type(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action in _altered(phrase, facts, "ALTER COLUMN"):
        index = phrase.skip(action.after, ("SET", "DATA"))
        new = phrase.words[index + 1 : action.end]
        if phrase.stands(index, "TYPE") and new not in (["TEXT"], ["VARCHAR"], ["CHARACTER", "VARYING"]):
            table, _ = phrase.target()
            message = f"the new type of {action.name} may rewrite {table} while it is locked"
            yield Problem(message, phrase.offset(action.start))


def _drop_column(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action in _altered(phrase, facts, "DROP COLUMN"):
        message = f"{action.name} of {phrase.target()[0]} is dropped with what it holds"
        yield Problem(message, phrase.offset(action.start))


def _rename_column(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action in _altered(phrase, facts, "RENAME COLUMN"):
        message = f"{action.name} of {phrase.target()[0]} has another name from one moment to the next"
        yield Problem(message, phrase.offset(action.start))


RULES = (
    Rule(
        id="column-rewrite",
        name="A new column rewrites the table",
        condition="ADD COLUMN with serial, identity, a stored generated value, or a DEFAULT that calls a function not known"
        " to give all rows one value, on a table that the file does not create.",
        effect="ACCESS EXCLUSIVE while every row and every index is written anew: nobody can read or write the table.",
        safer="Add the column without a default, set the default for new rows in a second action, fill the old rows in"
        " batches (-- batch: true) in a later file.",
        bad="ALTER TABLE app.orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",
        good="ALTER TABLE app.orders\n    ADD COLUMN token uuid,\n    ALTER COLUMN token SET DEFAULT gen_random_uuid();",
        source="ALTER TABLE, Notes",
        squawk=("adding-field-with-default", "adding-serial-primary-key-field"),
        kinds=("ALTER TABLE",),
        check=_column_rewrite,
    ),
    Rule(
        id="column-required",
        name="A new column is NOT NULL without a default",
        condition="ADD COLUMN … NOT NULL without DEFAULT on a table that the file does not create.",
        effect="It fails as soon as the table holds a row; and where it does not, every INSERT of the running application"
        " fails, for it does not name the column.",
        safer="Give it a constant DEFAULT, which rewrites nothing; or add it without NOT NULL, fill it, then prove it.",
        bad="ALTER TABLE app.orders ADD COLUMN country text NOT NULL;",
        good="ALTER TABLE app.orders ADD COLUMN country text NOT NULL DEFAULT 'CH';",
        source="ALTER TABLE, Notes",
        squawk=("adding-required-field",),
        kinds=("ALTER TABLE",),
        check=_column_required,
    ),
    Rule(
        id="set-not-null",
        name="SET NOT NULL without a valid CHECK",
        condition="SET NOT NULL on a column for which no CHECK (column IS NOT NULL) was validated by an earlier statement or"
        " file of the database.",
        effect="ACCESS EXCLUSIVE while every row is read: nobody can read or write the table.",
        safer="ADD CONSTRAINT … CHECK (column IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT in the next file; then"
        " SET NOT NULL reads nothing, and the CHECK can go.",
        bad="ALTER TABLE app.orders ALTER COLUMN total SET NOT NULL;",
        good="=== 0006_total_is_known.sql\n"
        "ALTER TABLE app.orders ADD CONSTRAINT total_known CHECK (total IS NOT NULL) NOT VALID;\n"
        "=== 0007_prove_total.sql\nALTER TABLE app.orders VALIDATE CONSTRAINT total_known;\n"
        "=== 0008_total_not_null.sql\nALTER TABLE app.orders ALTER COLUMN total SET NOT NULL;",
        source="ALTER TABLE, SET NOT NULL",
        squawk=("adding-not-nullable-field",),
        kinds=("ALTER TABLE",),
        check=_set_not_null,
    ),
    Rule(
        id="change-type",
        name="A column's type is changed",
        condition="ALTER COLUMN … TYPE, except to text or to varchar without a length.",
        effect="Most changes write every row and index anew under ACCESS EXCLUSIVE. Not: a longer varchar, a numeric of more"
        " digits and the same scale. runner verify measures yours.",
        safer="Add a column of the new type, keep both the same with a trigger, fill the old rows in batches, move the"
        " application, drop the old one. Where nothing is rewritten, allow the rule and say so.",
        bad="ALTER TABLE app.orders ALTER COLUMN count TYPE bigint;",
        good="ALTER TABLE app.orders ADD COLUMN count_wide bigint;",
        source="ALTER TABLE, Notes",
        squawk=("changing-column-type",),
        kinds=("ALTER TABLE",),
        check=_change_type,
    ),
    Rule(
        id="drop-column",
        name="A column is dropped",
        condition="DROP COLUMN on a table that the file does not create.",
        effect="What it holds is lost: a rollback can bring back the column but not its values. Running code that still names"
        " it fails at once.",
        safer="First release code that does not name it any more; drop it in a later release and allow this rule with"
        " that reason.",
        bad="ALTER TABLE app.orders DROP COLUMN code;",
        good="-- lint: allow drop-column -- nothing reads it since release 41, and it held no value\n\n"
        "ALTER TABLE app.orders DROP COLUMN code;",
        source="ALTER TABLE, DROP COLUMN",
        squawk=("ban-drop-column",),
        kinds=("ALTER TABLE",),
        check=_drop_column,
    ),
    Rule(
        id="rename-column",
        name="A column is renamed",
        condition="RENAME COLUMN on a table that the file does not create.",
        effect="While old and new code run side by side, one of them fails at every query that names the column.",
        safer="Add a column of the new name and keep both the same until no code uses the old one.",
        bad="ALTER TABLE app.orders RENAME COLUMN code TO sku;",
        good="ALTER TABLE app.orders ADD COLUMN sku text;",
        source="ALTER TABLE, RENAME",
        squawk=("renaming-column",),
        kinds=("ALTER TABLE",),
        check=_rename_column,
    ),
)
