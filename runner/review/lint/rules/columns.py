"""Rules about columns of tables that hold rows."""

from __future__ import annotations

from collections.abc import Iterator

from runner.files.sqltext.alter_table import Action, actions
from runner.files.sqltext.phrase import Name, Phrase
from runner.review.lint.facts import Facts
from runner.review.lint.replay import SERIAL
from runner.review.lint.rule import Level, Problem, Rule
from runner.review.lint.safer import (
    Change,
    foreign_key_of_column,
    made_name,
    schema_of,
    validated_later,
)
from runner.review.lint.schema import Schema
from runner.review.lint.types import BUILT_IN, Type, has_another_index, read_type, rewrites
from runner.wording import listed

# Functions of PostgreSQL, uuid-ossp and pgcrypto that return another value for each row. Other volatile ones in pg_proc
# are about the server and are not used as a default. A test compares the list with a server.
_VOLATILE = frozenset({
    "clock_timestamp", "current_query", "currval", "gen_random_bytes", "gen_random_uuid", "gen_salt", "lastval",
    "lo_creat", "lo_create", "lo_from_bytea", "nextval", "pg_blocking_pids", "pg_current_wal_flush_lsn",
    "pg_current_wal_insert_lsn", "pg_current_wal_lsn", "pg_export_snapshot", "pg_relation_size", "pgp_pub_encrypt",
    "pgp_sym_encrypt", "random", "random_normal", "set_config", "setseed", "setval", "timeofday", "txid_status",
    "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "uuidv4", "uuidv7",
})  # fmt: skip
_ENDS_DEFAULT = frozenset(
    {"NOT", "NULL", "CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "REFERENCES", "GENERATED", "COLLATE"}
)


def _altered(phrase: Phrase, facts: Facts, verb: str) -> Iterator[Action]:
    if not facts.is_new(phrase.target()[0]):
        yield from (action for action in actions(phrase) if action.verb == verb)


def _column_rewrite(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action in _altered(phrase, facts, "ADD COLUMN"):
        why = _rewrites(phrase, action, facts.schema)
        if why is not None:
            message = f"adding {action.name} rewrites {phrase.target()[0]}: {why}"
            yield Problem(message, phrase.offset(action.start))


def _rewrites(phrase: Phrase, action: Action, schema: Schema) -> str | None:
    words = phrase.words[action.after : action.end]
    if words and words[0] in SERIAL:
        return f"{words[0].lower()} is a number for every row"
    if "GENERATED" in words and "IDENTITY" in words:
        return "identity is a number for every row"
    if "GENERATED" in words and "STORED" in words:
        return "a value is generated and stored for every row"
    type_, _ = read_type(phrase, action.after, action.end)
    if schema.is_constrained(type_):
        return f"the constraint of domain {type_} is checked for every row"
    return _volatile(phrase, action, schema)


def _volatile(phrase: Phrase, action: Action, schema: Schema) -> str | None:
    """Return what is said of a DEFAULT with a function that gives each row a value of its own, or may do so."""
    start = phrase.find("DEFAULT", start=action.after, end=action.end)
    if start < 0:
        return None
    index = start + 1
    while index < action.end:
        if phrase.depths[index] == 0 and phrase.words[index] in _ENDS_DEFAULT and index > start + 1:
            return None
        name, after = phrase.name(index, end=action.end)
        if name is not None and phrase.stands(after, "("):
            said = _said_of(name, schema)
            if said is not None:
                return f"{name}() {said}"
        index = max(after, index + 1)
    return None


def _said_of(name: Name, schema: Schema) -> str | None:
    """Return what is said of a function in a DEFAULT, None where it gives all rows one value."""
    own = None if name.schema == "pg_catalog" else schema.routine(name)
    if own is None and name.name not in _VOLATILE:
        # no file makes it: one of PostgreSQL's that is not volatile; with a schema it is somebody's own
        is_known = name.schema in {None, "pg_catalog"}
        return (
            None
            if is_known
            else "is computed for every row unless it is STABLE or IMMUTABLE, which no file shows"
        )
    return "is computed for every row" if own is None or own.is_volatile else None


def _column_required(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action in _altered(phrase, facts, "ADD COLUMN"):
        words = set(phrase.words[action.after : action.end])
        is_required = phrase.find("NOT", "NULL", start=action.after, end=action.end) >= 0
        if is_required and not words & {"DEFAULT", "GENERATED", *SERIAL}:
            yield Problem(f"{action.name} may not be NULL and has no default", phrase.offset(action.start))


def _set_not_null(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    name, _ = phrase.target()
    for action in _altered(phrase, facts, "ALTER COLUMN"):
        if not phrase.stands(action.after, "SET", "NOT", "NULL"):
            continue
        if not facts.schema.never_null(name, action.name or ""):
            message = f"SET NOT NULL scans all of {name} while it is locked"
            yield Problem(message, phrase.offset(action.start))


_BY_ZONE = "rewrites the table, unless the session's time zone is UTC"


def _change_type(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action, old, new, why in _new_types(phrase, facts):
        if old is not None and why is not None and why != _BY_ZONE:
            message = f"{action.name} of {phrase.target()[0]}: {old} to {new} {why}"
            yield Problem(message, phrase.offset(action.start))


def _change_type_unknown(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action, old, new, why in _new_types(phrase, facts):
        column = f"{action.name} of {phrase.target()[0]}"
        if old is None:
            message = f"{column} becomes {new}; no file shows its old type"
            yield Problem(message, phrase.offset(action.start))
        elif why == _BY_ZONE:
            yield Problem(f"{column}: {old} to {new} {why}", phrase.offset(action.start))


def _new_types(phrase: Phrase, facts: Facts) -> Iterator[tuple[Action, Type | None, Type, str | None]]:
    """Yield each column that gets another type: its old one where it is known, the new one, and what that does."""
    for action in _altered(phrase, facts, "ALTER COLUMN"):
        index = phrase.skip(action.after, ("SET", "DATA"))
        new, after = read_type(phrase, index + 1, action.end)
        if not phrase.stands(index, "TYPE") or new is None:
            continue
        table = facts.schema.table(phrase.target()[0])
        column = None if table is None else table.columns.get(action.name or "")
        old = None if column is None else column.type
        yield action, old, new, None if old is None else _why(phrase, action, after, old, new, facts)


def _why(phrase: Phrase, action: Action, after: int, old: Type, new: Type, facts: Facts) -> str | None:
    """Return why a change of type is work under the lock, None where only the catalog changes."""
    schema = facts.schema
    if phrase.stands(after, "COLLATE"):
        return "rebuilds its indexes for the collation"
    if phrase.stands(after, "USING") and not _is_plain(phrase, action, after + 1, new):
        return "computes a value for every row"
    if schema.is_constrained(new) and old != new:
        return "checks the domain's constraint for every row"
    old_base, new_base = schema.base(old), schema.base(new)
    if old == new:  # even then the server rebuilds indexes that are not plain
        return _on_indexes(phrase, action, old, new, schema)
    if old_base is not None and new_base is not None and not rewrites(old_base, new_base):
        return _on_indexes(phrase, action, old_base, new_base, schema)
    if {old.name, new.name} == {"timestamp", "timestamptz"}:
        is_same_otherwise = not rewrites(old, new._replace(name=old.name))
        if facts.is_utc and is_same_otherwise:
            return _on_indexes(phrase, action, old, new, schema)
        if facts.is_utc is None and is_same_otherwise:
            return _BY_ZONE
    return "rewrites the table"


def _on_indexes(phrase: Phrase, action: Action, old: Type, new: Type, schema: Schema) -> str | None:
    """Return that indexes of the column are rebuilt, if they are: the new type can keep only plain indexes.

    Source: CheckIndexCompatible in the server's indexcmds.c.
    """
    table = schema.table(phrase.target()[0])
    found = [] if table is None else schema.indexes_of(table.name, action.name or "")
    built = sorted(index.name.name for index in found if not index.is_plain or has_another_index(old, new))
    return f"rebuilds {listed(built)}" if built else None


def _is_plain(phrase: Phrase, action: Action, index: int, new: Type) -> bool:
    """Return whether USING gives the column itself, or its cast to the new type."""
    name, after = phrase.name(index, end=action.end)
    if name is None or name != (None, action.name):
        return False
    if phrase.stands(after, ":", ":"):
        type_, after = read_type(phrase, after + 2, action.end)
        return type_ == new and after == action.end
    return after == action.end


def _drop_column(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action in _altered(phrase, facts, "DROP COLUMN"):
        message = f"{action.name} of {phrase.target()[0]} is dropped with its values"
        yield Problem(message, phrase.offset(action.start))


def _rename_column(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action in _altered(phrase, facts, "RENAME COLUMN"):
        message = f"{action.name} of {phrase.target()[0]} is renamed for all running code at once"
        yield Problem(message, phrase.offset(action.start))


def _not_null_proven(change: Change) -> str | None:
    if change.verb != "ALTER COLUMN" or change.has("SET", "NOT", "NULL") < 0:
        return None
    table, column = change.table, change.name
    name = made_name(table, column, "not_null")
    return (
        f"{validated_later(change, name, f'CHECK ({column} IS NOT NULL)')}\n"
        f"-- in the one after it; with the valid CHECK nothing is scanned:\n"
        f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\nALTER TABLE {table} DROP CONSTRAINT {name};"
    )


def _filled_in_batches(change: Change) -> str | None:
    if change.verb != "ADD COLUMN" or change.action is None:
        return None
    reference = foreign_key_of_column(change)
    if reference and not change.rewrites:
        return None
    table, column, phrase, action = change.table, change.name, change.phrase, change.action
    read, end_of_type = read_type(phrase, action.after, action.end)
    type_ = change.text(action.after, end_of_type)
    value = _default_of(change)
    add = f"ALTER TABLE {table} ADD COLUMN {column}"
    if type_.upper() in _SERIAL:
        sequence = f"{schema_of(table)}{made_name(table, column, 'seq')}"
        value = f"nextval('{sequence}')"
        made = f"CREATE SEQUENCE {sequence};\n{add} {_SERIAL[type_.upper()]};\n"
    elif change.has("AS", "IDENTITY") >= 0:
        return (
            f"{add} {type_};\n"
            f"-- number the old rows in batches, in the next file with -- batch: true, and set it NOT NULL as proven by a"
            f" CHECK; then:\n"
            f"ALTER TABLE {table} ALTER COLUMN {column} ADD GENERATED BY DEFAULT AS IDENTITY (START WITH …);"
        )
    elif change.has("GENERATED") < 0 and (value is None or _is_constant(value)):
        if read is None or (read.schema is None and read.name in BUILT_IN):
            return None  # another action does it
        # nothing is computed for a row, so the type itself does it: a domain whose values are to be checked
        set_default = f" DEFAULT {value}" if value else ""
        check = validated_later(change, made_name(table, column, "check"), "CHECK (…)")
        return (
            f"-- {type_} is a domain with a constraint, which every row is checked and rewritten for; its base type is not:\n"
            f"{add} …{set_default};\n"
            f"-- what the domain demands, as a constraint of the table:\n{check}"
        )
    else:
        made = f"{add} {type_};\n"
    return (
        f"{made}-- for new rows:\nALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value or '…'};\n"
        f"-- for the old ones, in the next file, with -- batch: true\n"
        f"UPDATE {table} SET {column} = {value or '…'}\n"
        f"    WHERE id IN (\n        SELECT id FROM {table} WHERE {column} IS NULL ORDER BY id LIMIT 1000\n    );"
        + (f"\n{reference}" if reference else "")
    )


_SERIAL = {
    "SMALLSERIAL": "smallint", "SERIAL2": "smallint", "SERIAL": "integer", "SERIAL4": "integer",
    "BIGSERIAL": "bigint", "SERIAL8": "bigint",
}  # fmt: skip


def _default_of(change: Change) -> str | None:
    """Return the expression of a new column's DEFAULT."""
    start = change.has("DEFAULT")
    if start < 0 or change.action is None:
        return None
    phrase, end = change.phrase, start + 2
    while end < change.action.end and not (phrase.depths[end] == 0 and phrase.words[end] in _ENDS_DEFAULT):
        end += 1
    return change.text(start + 1, end)


def _is_constant(value: str) -> bool:
    return value.upper() in {"TRUE", "FALSE", "NULL"} or value.lstrip("+-")[:1] in {*"'0123456789"}


def _another_column(change: Change) -> str | None:
    if change.verb != "ALTER COLUMN" or change.action is None:
        return None
    index = change.phrase.skip(change.action.after, ("SET", "DATA"))
    if not change.phrase.stands(index, "TYPE"):
        return None
    using = change.has("USING")
    type_ = change.text(index + 1, using if using >= 0 else change.action.end)
    table, column, new = change.table, change.name, made_name(change.name, "new")
    return (
        f"ALTER TABLE {table} ADD COLUMN {new} {type_};\n"
        f"-- write both from the application or a trigger; then, with -- batch: true:\n"
        f"UPDATE {table} SET {new} = {column}\n"
        f"    WHERE id IN (\n        SELECT id FROM {table} WHERE {new} IS DISTINCT FROM {column} ORDER BY id LIMIT 1000\n    );\n"
        f"-- read {new}; when nothing reads {column} any more, drop it"
    )


def _dropped_in_a_later_release(change: Change) -> str | None:
    if change.verb != "DROP COLUMN":
        return None
    return (
        f"Release code that neither reads nor writes {change.name} first (set it nullable or give it a default), and drop"
        " it in a later release; keep its values in a table of their own if the rollback must bring them back."
    )


def _both_names(change: Change) -> str | None:
    if change.verb != "RENAME COLUMN":
        return None
    old, new = change.name, change.rest.split(None, 1)[-1]
    return (
        f"Add {new} beside {old}, write both, copy in batches, read {new}, and drop {old} in a later release; or keep the"
        f" old name for the old code by a view:\n"
        f"CREATE VIEW … AS SELECT {new} AS {old}, … FROM {change.table};"
    )


RULES = (
    Rule(
        id="column-rewrite",
        name="A new column rewrites the table",
        condition="ADD COLUMN with serial, identity, a stored generated value, a domain that has a constraint, or a DEFAULT"
        " that calls a volatile function, on a table that the file does not create.",
        effect="ACCESS EXCLUSIVE while every row and every index is rewritten: nobody can read or write the table.",
        safer="Add the column without a default, set the default for new rows in a second action, fill the old rows in"
        " batches (-- batch: true) in a later file.",
        unknown="Whether the table is empty. Whether a function in SQL that is declared volatile, or not declared, is inlined"
        " to something that is not. Functions that no file creates: the volatile ones of PostgreSQL, uuid-ossp and pgcrypto"
        " are known; any other with a schema counts as volatile, one without a schema as PostgreSQL's own.",
        bad="ALTER TABLE app.orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",
        good="ALTER TABLE app.orders\n    ADD COLUMN token uuid,\n    ALTER COLUMN token SET DEFAULT gen_random_uuid();",
        source="ALTER TABLE, Notes",
        squawk=("adding-field-with-default", "adding-serial-primary-key-field"),
        kinds=("ALTER TABLE",),
        check=_column_rewrite,
        form=_filled_in_batches,
    ),
    Rule(
        id="column-required",
        name="A new column is NOT NULL without a default",
        condition="ADD COLUMN … NOT NULL without DEFAULT on a table that the file does not create.",
        effect="It fails if the table holds a row. If it does not, every INSERT of the running application fails, as it does"
        " not name the column.",
        safer="Give it a constant DEFAULT, which rewrites nothing; or add it without NOT NULL, fill it, then set NOT NULL.",
        unknown="Whether the table holds rows, and which columns the application writes. A domain's default does not count.",
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
        condition="SET NOT NULL on a column for which no valid CHECK (column IS NOT NULL) of the same table, alone or with"
        " AND, was made by an earlier statement or file, and which no earlier one made NOT NULL.",
        effect="ACCESS EXCLUSIVE while the table is scanned: nobody can read or write it.",
        safer="ADD CONSTRAINT … CHECK (column IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT in the next file; then"
        " SET NOT NULL scans nothing, and the CHECK can be dropped.",
        unknown="Constraints that neither files nor snapshot name, and those that DO or a function creates. A CHECK"
        " that implies it in another way than IS NOT NULL and AND.",
        bad="ALTER TABLE app.orders ALTER COLUMN total SET NOT NULL;",
        good="=== 0006_total_is_known.sql\n"
        "ALTER TABLE app.orders ADD CONSTRAINT total_known CHECK (total IS NOT NULL) NOT VALID;\n"
        "=== 0007_prove_total.sql\nALTER TABLE app.orders VALIDATE CONSTRAINT total_known;\n"
        "=== 0008_total_not_null.sql\nALTER TABLE app.orders ALTER COLUMN total SET NOT NULL;",
        source="ALTER TABLE, SET NOT NULL",
        squawk=("adding-not-nullable-field",),
        kinds=("ALTER TABLE",),
        check=_set_not_null,
        form=_not_null_proven,
    ),
    Rule(
        id="change-type",
        name="A change of type rewrites the table",
        condition="ALTER COLUMN … TYPE from a type that an earlier file names to one that is stored differently, with a USING"
        " that computes, or with COLLATE. Not: varchar to text, a longer varchar, a numeric of more digits and the same"
        " scale, a timestamp of more digits, a domain to its base type; unless an index of the column has an expression,"
        " a WHERE, or needs another operator class, because it is rebuilt then.",
        effect="Every row and index, or only those indexes, are rewritten under ACCESS EXCLUSIVE: nobody can read or write"
        " the table.",
        safer="Add a column of the new type, keep both in sync with a trigger, fill the old rows in batches, switch the"
        " application over, drop the old column.",
        unknown="Casts that a project or an extension makes with WITHOUT FUNCTION, except those of citext. Indexes"
        " that neither files nor snapshot make.",
        bad="=== 0006_stock.sql\nCREATE TABLE app.stock (count int);\n"
        "=== 0007_wide_count.sql\nALTER TABLE app.stock ALTER COLUMN count TYPE bigint;",
        good="=== 0006_stock.sql\nCREATE TABLE app.stock (sku varchar(20));\n"
        "=== 0007_long_sku.sql\nALTER TABLE app.stock ALTER COLUMN sku TYPE text;",
        source="ALTER TABLE, Notes",
        squawk=("changing-column-type",),
        kinds=("ALTER TABLE",),
        check=_change_type,
        form=_another_column,
    ),
    Rule(
        id="change-type-unknown",
        name="A change of type that may rewrite the table",
        level=Level.WARNING,
        condition="ALTER COLUMN … TYPE of a column whose type neither an earlier file nor the snapshot names; timestamp to"
        " timestamptz or back, where the file does not set the time zone.",
        effect="Most such changes rewrite every row and index under ACCESS EXCLUSIVE. Between timestamp and timestamptz the"
        " session's time zone decides: in UTC nothing is rewritten.",
        safer="Measure it with runner verify; if nothing is rewritten, allow the rule with that reason.",
        unknown="The old type: commit the snapshot, or the file that creates the table. The time zone of the sessions that"
        " migrate.",
        bad="ALTER TABLE app.orders ALTER COLUMN count TYPE bigint;",
        good="ALTER TABLE app.orders ADD COLUMN count_wide bigint;",
        source="ALTER TABLE, Notes",
        squawk=("changing-column-type",),
        kinds=("ALTER TABLE",),
        check=_change_type_unknown,
    ),
    Rule(
        id="drop-column",
        name="A column is dropped",
        condition="DROP COLUMN on a table that the file does not create.",
        effect="Its values are lost: a rollback can recreate the column but not its values. Running code that still names"
        " it fails at once.",
        safer="First release code that no longer names it; drop it in a later release, and allow this rule with that"
        " reason.",
        unknown="Whether running code still names the column, and whether it has values.",
        bad="ALTER TABLE app.orders DROP COLUMN code;",
        good="-- lint: allow drop-column -- nothing reads it since release 41, and it held no value\n\n"
        "ALTER TABLE app.orders DROP COLUMN code;",
        source="ALTER TABLE, DROP COLUMN",
        squawk=("ban-drop-column",),
        kinds=("ALTER TABLE",),
        check=_drop_column,
        form=_dropped_in_a_later_release,
    ),
    Rule(
        id="rename-column",
        name="A column is renamed",
        condition="RENAME COLUMN on a table that the file does not create.",
        effect="While old and new code run together, one of them fails at every query that names the column.",
        safer="Add a column with the new name and keep both in sync until no code uses the old one.",
        unknown="Whether running code names the column.",
        bad="ALTER TABLE app.orders RENAME COLUMN code TO sku;",
        good="ALTER TABLE app.orders ADD COLUMN sku text;",
        source="ALTER TABLE, RENAME",
        squawk=("renaming-column",),
        kinds=("ALTER TABLE",),
        check=_rename_column,
        form=_both_names,
    ),
)
