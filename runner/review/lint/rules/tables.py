"""Rules about tables and other objects as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from runner.files.sqltext.alter_table import Action, actions
from runner.files.sqltext.phrase import Phrase
from runner.review.lint.facts import Facts
from runner.review.lint.rule import Level, Problem, Rule
from runner.review.lint.safer import Change, bare, made_name, schema_of

_NAMED = ("TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE", "TYPE", "DOMAIN", "FUNCTION", "PROCEDURE")
_DROPPED = (
    *_NAMED, "SCHEMA", "EXTENSION", "FOREIGN TABLE", "OWNED", "INDEX", "ROUTINE", "AGGREGATE", "OPERATOR", "COLLATION",
    "SERVER", "TRIGGER", "ACCESS", "CAST", "TEXT", "STATISTICS",
)  # fmt: skip


def _drop_table(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for name, index in phrase.names(phrase.start_of_names()):
        if not facts.is_new(name):
            yield Problem(f"table {name} is dropped with its rows", phrase.offset(index))


def _cascade(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for begin, end in _drops(phrase, facts):
        index = phrase.find("CASCADE", start=begin, end=end)
        if index >= 0:
            yield Problem("CASCADE also drops everything that depends on it", phrase.offset(index))


def _drops(phrase: Phrase, facts: Facts) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each DROP; a foreign key's ON DELETE CASCADE is none."""
    if phrase.kind.startswith("DROP "):
        if not all(facts.is_new(name) for name, _ in phrase.names(phrase.start_of_names())):
            yield 0, len(phrase.words)
    elif not facts.is_new(phrase.target()[0]):
        for begin, end in phrase.actions(phrase.target()[1]):
            if phrase.stands(begin, "DROP"):
                yield begin, end


def _rename_table(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    table, _ = phrase.target()
    if facts.is_new(table):
        return
    for action in actions(phrase):
        if action.verb in {"RENAME TO", "SET SCHEMA"}:
            yield Problem(f"{table} is renamed for all running code at once", phrase.offset(action.start))


def _table_rewrite(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    if phrase.kind == "ALTER TABLE":
        table, _ = phrase.target()
        for action in actions(phrase):
            is_move = action.verb in {"SET LOGGED", "SET UNLOGGED", "SET TABLESPACE", "SET ACCESS"}
            if is_move and not facts.is_new(table):
                yield Problem(f"{action.verb} rewrites all of {table}", phrase.offset(action.start))
            elif _computes(phrase, action, facts) and not facts.is_new(table):
                message = f"SET EXPRESSION recomputes {action.name} for every row of {table}"
                yield Problem(message, phrase.offset(action.start))
    elif phrase.kind == "CLUSTER" or "FULL" in phrase.words[1:4]:
        what = "CLUSTER" if phrase.kind == "CLUSTER" else "VACUUM FULL"
        yield Problem(f"{what} rewrites a whole table while nobody can use it")


def _computes(phrase: Phrase, action: Action, facts: Facts) -> bool:
    if action.verb != "ALTER COLUMN" or not phrase.stands(action.after, "SET", "EXPRESSION"):
        return False
    table = facts.schema.table(phrase.target()[0])
    column = None if table is None else table.columns.get(action.name or "")
    return column is None or not column.is_virtual


def _detach(phrase: Phrase, _facts: Facts) -> Iterator[Problem]:
    for action in actions(phrase):
        is_short = phrase.statement.concurrently or phrase.find("FINALIZE", start=action.after) >= 0
        if action.verb == "DETACH PARTITION" and not is_short:
            message = f"a partition is detached under ACCESS EXCLUSIVE on {phrase.target()[0]}"
            yield Problem(message, phrase.offset(action.start))


def _attach(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    for action in actions(phrase):
        partition, _ = phrase.name(action.after)
        if action.verb != "ATTACH PARTITION" or partition is None or facts.is_new(partition):
            continue
        known = facts.schema.table(partition)
        if known is None or not known.is_checked:
            yield Problem(f"all of {partition} is scanned while it is locked", phrase.offset(action.start))


def _unqualified(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    name, _ = phrase.on() if phrase.kind in {"CREATE INDEX", "CREATE TRIGGER"} else phrase.target()
    if name is None or name.schema is not None or facts.is_new(name):
        return
    if not {"TEMP", "TEMPORARY"} & set(phrase.words[:4]):
        yield Problem(f"{name} has no schema; search_path decides where it is created or found")


def _unused_first(change: Change) -> str | None:
    table = change.table
    return (
        f"Rename it first, in a release of its own, and drop it when nothing has missed it:\n"
        f"ALTER TABLE {table} RENAME TO {made_name(table, 'unused')};"
    )


def _old_name_as_view(change: Change) -> str | None:
    table, action = change.table, change.action
    if action is None or change.verb not in {"RENAME TO", "SET SCHEMA"}:
        return None
    new = change.text(action.after, action.end)
    moved = f"{schema_of(table)}{new}" if change.verb == "RENAME TO" else f"{new}.{bare(table)}"
    return (
        f"In the same file, so that the old name goes on working until nothing uses it:\n"
        f"ALTER TABLE {table} {change.verb} {new};\nCREATE VIEW {table} AS SELECT * FROM {moved};"
    )


def _copied_while_used(change: Change) -> str | None:
    if change.phrase.kind not in {"CLUSTER", "VACUUM"}:
        return None
    return "pg_repack or pg_squeeze, which copy the table while it is used; or a maintenance window."


RULES = (
    Rule(
        id="drop-table",
        name="A table is dropped",
        condition="DROP TABLE of a table that the file does not create.",
        effect="Its rows are lost: a rollback can recreate the table, but empty. Running code that still names it fails.",
        safer="First release code that does not name it; keep it, or a backup, for a while; then allow this rule with that"
        " reason.",
        unknown="Whether running code still names the table, and whether it has rows.",
        bad="DROP TABLE app.drafts;",
        good="-- lint: allow drop-table -- nothing names it since release 41, and Monday's backup holds it\n\n"
        "DROP TABLE app.drafts;",
        source="DROP TABLE",
        squawk=("ban-drop-table",),
        kinds=("DROP TABLE",),
        check=_drop_table,
        form=_unused_first,
    ),
    Rule(
        id="drop-cascade",
        name="DROP … CASCADE",
        condition="CASCADE in a DROP of an object, a column or a constraint that the file does not create.",
        effect="Views, foreign keys and functions that depend on it are dropped without being named, in production perhaps"
        " others than here. The rollback cannot recreate what it does not know.",
        safer="Name each object to drop, the dependent ones first.",
        unknown="What depends on the object in production.",
        bad="DROP VIEW app.totals CASCADE;",
        good="DROP VIEW app.monthly_totals, app.totals;",
        source='"Dependency Tracking"',
        kinds=("ALTER TABLE", "ALTER DOMAIN", "ALTER TYPE", *(f"DROP {kind}" for kind in _DROPPED)),
        check=_cascade,
    ),
    Rule(
        id="rename-table",
        name="A table is renamed or moved to another schema",
        condition="RENAME TO or SET SCHEMA on a table that the file does not create.",
        effect="While old and new code run together, one of them fails at every query of the table.",
        safer="Give new code a view with the new name, through which it can write; or create a view with the old name in"
        " the same transaction, and allow this rule with that reason.",
        unknown="Whether running code names the table, and whether a view takes the old name.",
        bad="ALTER TABLE app.orders RENAME TO purchases;",
        good="CREATE VIEW app.purchases AS SELECT id, total FROM app.orders;",
        source="ALTER TABLE, RENAME",
        squawk=("renaming-table", "ban-set-schema"),
        kinds=("ALTER TABLE",),
        check=_rename_table,
        form=_old_name_as_view,
    ),
    Rule(
        id="table-rewrite",
        name="A whole table is rewritten",
        condition="VACUUM FULL, CLUSTER, SET LOGGED, SET UNLOGGED, SET TABLESPACE, SET ACCESS METHOD, and SET EXPRESSION of"
        " a stored generated column.",
        effect="ACCESS EXCLUSIVE while every row and index is rewritten; it needs as much space again as the table.",
        safer="pg_repack, or VACUUM without FULL. This is maintenance, not a migration.",
        unknown="How large the table is, and whether VACUUM FULL without a name finds anything to do.",
        bad="-- transactional: false\n\nVACUUM FULL app.orders;",
        good="-- transactional: false\n\nVACUUM ANALYZE app.orders;",
        source="VACUUM; CLUSTER",
        squawk=("prefer-repack",),
        kinds=("ALTER TABLE", "VACUUM", "CLUSTER"),
        check=_table_rewrite,
        form=_copied_while_used,
    ),
    Rule(
        id="detach-not-concurrent",
        name="A partition is detached without CONCURRENTLY",
        level=Level.WARNING,
        condition="DETACH PARTITION without CONCURRENTLY.",
        effect="ACCESS EXCLUSIVE on the parent: every query of any partition waits behind it.",
        safer="DETACH PARTITION … CONCURRENTLY in a file of its own with -- transactional: false. PostgreSQL refuses that while there is a"
        " default partition: then omit CONCURRENTLY, in a file of its own.",
        unknown="How busy the parent is.",
        bad="ALTER TABLE app.events DETACH PARTITION app.events_2024;",
        good="-- transactional: false\n\nALTER TABLE app.events DETACH PARTITION app.events_2024 CONCURRENTLY;",
        source="ALTER TABLE, DETACH PARTITION",
        squawk=("require-concurrent-partition-detach",),
        kinds=("ALTER TABLE",),
        check=_detach,
    ),
    Rule(
        id="attach-without-check",
        name="A partition is attached without a CHECK",
        level=Level.WARNING,
        condition="ATTACH PARTITION of a table that the file does not create and that no earlier file gave a CHECK.",
        effect="ACCESS EXCLUSIVE on the partition while it is scanned to check its rows; if there is a DEFAULT partition,"
        " that is scanned too.",
        safer="First add a CHECK of the partition's bounds, NOT VALID, and validate it: then ATTACH PARTITION scans nothing.",
        unknown="Whether the CHECK implies the partition's bounds: any valid CHECK of the table counts. runner"
        " verify measures whether it is scanned.",
        bad="ALTER TABLE app.events ATTACH PARTITION app.events_2026\n"
        "    FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
        good="=== 0006_events_2026_bounds.sql\nALTER TABLE app.events_2026\n"
        "    ADD CONSTRAINT bounds CHECK (day >= '2026-01-01' AND day < '2027-01-01') NOT VALID;\n"
        "=== 0007_prove_events_2026_bounds.sql\nALTER TABLE app.events_2026 VALIDATE CONSTRAINT bounds;\n"
        "=== 0008_attach_events_2026.sql\nALTER TABLE app.events ATTACH PARTITION app.events_2026\n"
        "    FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
        source="ALTER TABLE, ATTACH PARTITION",
        kinds=("ALTER TABLE",),
        check=_attach,
    ),
    Rule(
        id="unqualified-name",
        name="An object is named without its schema",
        level=Level.WARNING,
        condition="CREATE, ALTER or DROP of an object without its schema's name; reported once per database with the number of"
        " files, and in each file with --all.",
        effect="search_path decides where it is created or which one is meant, and it differs between roles, sessions and tools.",
        safer="Write schema.name.",
        unknown="What search_path is in production. Names inside queries and function bodies are not checked.",
        bad="ALTER TABLE orders ADD COLUMN note text;",
        good="ALTER TABLE app.orders ADD COLUMN note text;",
        source='"The Schema Search Path"',
        squawk=("require-table-schema",),
        kinds=(
            "CREATE INDEX",
            "CREATE TRIGGER",
            "ALTER TABLE",
            *(f"{verb} {kind}" for verb in ("CREATE", "DROP") for kind in _NAMED),
        ),
        check=_unqualified,
        once=True,
        folds=True,
    ),
)
