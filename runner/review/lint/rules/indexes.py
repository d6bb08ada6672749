"""Rules about indexes on tables in use, and about what else is built from a whole table."""

from __future__ import annotations

from collections.abc import Iterator

from runner.files.sqltext.phrase import Name, Phrase
from runner.review.lint.facts import Facts
from runner.review.lint.rule import Level, Problem, Rule
from runner.review.lint.safer import Change, made_name, schema_of

_FOR_PARTITIONS = (
    "CREATE INDEX CONCURRENTLY is refused for a partitioned table: CREATE INDEX … ON ONLY it, CREATE INDEX"
    " CONCURRENTLY on each partition in files of their own, then ALTER INDEX … ATTACH PARTITION for each."
)


def _index_not_concurrent(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    table, _ = phrase.on()
    if phrase.statement.concurrently or facts.is_new(table) or phrase.find("ON", "ONLY") >= 0:
        return
    if phrase.find("IF", "NOT", "EXISTS") >= 0 and table is not None:
        name, _ = phrase.target()
        if name is not None and facts.schema.owner(Name(table.schema, name.name)) == table:
            return  # it exists, so nothing is built
    known = facts.schema.table(table)
    hint = _FOR_PARTITIONS if known is not None and known.is_partitioned else None
    yield Problem(f"building an index on {table} blocks writes to it", hint=hint)


def _drop_index(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    if phrase.statement.concurrently:
        return
    for name, index in phrase.names(phrase.start_of_names()):
        owner = facts.schema.owner(name)
        is_locked = owner is not None and owner == facts.exclusive  # so it is blocked anyway
        if not (facts.is_new(name) or is_locked):
            yield Problem(
                f"index {name} is dropped under ACCESS EXCLUSIVE on its table", phrase.offset(index)
            )


def _reindex(phrase: Phrase, _facts: Facts) -> Iterator[Problem]:
    if not phrase.statement.concurrently:
        yield Problem("rebuilding an index blocks writes to its table, and reads that use it")


def _if_not_exists(phrase: Phrase, _facts: Facts) -> Iterator[Problem]:
    index = phrase.find("IF", "NOT", "EXISTS")
    if phrase.statement.concurrently and index >= 0:
        yield Problem("IF NOT EXISTS accepts the invalid index of a failed build", phrase.offset(index))


def _refresh(phrase: Phrase, facts: Facts) -> Iterator[Problem]:
    name, _ = phrase.name(3)
    if not (phrase.statement.concurrently or facts.is_new(name) or phrase.find("NO", "DATA") >= 0):
        yield Problem(f"nobody can read {name} while it is refreshed")


def _concurrently(change: Change) -> str | None:
    phrase = change.phrase
    if phrase.statement.concurrently:
        return None
    unique = "UNIQUE " if phrase.stands(1, "UNIQUE") else ""
    start, on = phrase.start_of_names(), phrase.find("ON")
    if not change.is_partitioned():
        return f"-- transactional: false\nCREATE {unique}INDEX CONCURRENTLY {change.text(start)};"
    _, after = phrase.on()
    table = change.name_at(phrase.skip(on + 1, ("ONLY",)))
    name = change.text(start, on) or made_name(table, "…", "idx")
    schema, what = schema_of(table), change.text(after)
    return (
        f"-- on the partitioned table alone; no row is read, and CONCURRENTLY would be refused:\n"
        f"CREATE {unique}INDEX {name} ON ONLY {table} {what};\n"
        f"-- in the next file, with -- transactional: false, for each partition:\n"
        f"CREATE {unique}INDEX CONCURRENTLY {name}_part ON {schema}… {what};\n"
        f"-- in the one after it, for each; with the last one the whole index is valid:\n"
        f"ALTER INDEX {schema}{name} ATTACH PARTITION {schema}{name}_part;"
    )


RULES = (
    Rule(
        id="index-not-concurrent",
        name="An index is built without CONCURRENTLY",
        condition="CREATE INDEX without CONCURRENTLY on a table that the file does not create; not for ON ONLY, which"
        " scans no partition.",
        effect="SHARE on the table until the index is built: no INSERT, UPDATE or DELETE meanwhile.",
        safer="CREATE INDEX CONCURRENTLY in a file of its own with -- transactional: false.",
        unknown="How large the table is. A table that application code creates counts as in use.",
        bad="CREATE INDEX orders_placed_at_idx ON app.orders (placed_at);",
        good="-- transactional: false\n\nCREATE INDEX CONCURRENTLY orders_placed_at_idx ON app.orders (placed_at);",
        source='CREATE INDEX, "Building Indexes Concurrently"',
        squawk=("require-concurrent-index-creation",),
        kinds=("CREATE INDEX",),
        check=_index_not_concurrent,
        form=_concurrently,
    ),
    Rule(
        id="drop-index-not-concurrent",
        name="An index is dropped without CONCURRENTLY",
        level=Level.WARNING,
        condition="DROP INDEX without CONCURRENTLY; not after a statement of the same transaction that takes ACCESS"
        " EXCLUSIVE on the index's table, where that is the first one locked so.",
        effect="ACCESS EXCLUSIVE on the table, briefly; while it waits, every query of the table waits behind it.",
        safer="DROP INDEX CONCURRENTLY in a file of its own with -- transactional: false.",
        unknown="How busy the table is, which decides whether the lock is noticed.",
        bad="DROP INDEX app.orders_placed_at_idx;",
        good="-- transactional: false\n\nDROP INDEX CONCURRENTLY app.orders_placed_at_idx;",
        source="DROP INDEX",
        squawk=("require-concurrent-index-deletion",),
        kinds=("DROP INDEX",),
        check=_drop_index,
    ),
    Rule(
        id="reindex-not-concurrent",
        name="An index is rebuilt without CONCURRENTLY",
        condition="REINDEX without CONCURRENTLY.",
        effect="SHARE on the table and ACCESS EXCLUSIVE on the index until it is built: no writes, and no queries that"
        " would use the index.",
        safer="REINDEX INDEX CONCURRENTLY or REINDEX TABLE CONCURRENTLY, with -- transactional: false.",
        unknown="How large the index is.",
        bad="REINDEX INDEX app.orders_placed_at_idx;",
        good="-- transactional: false\n\nREINDEX INDEX CONCURRENTLY app.orders_placed_at_idx;",
        source='REINDEX, "Rebuilding Indexes Concurrently"',
        squawk=("require-concurrent-reindex",),
        kinds=("REINDEX",),
        check=_reindex,
        form=lambda _: "REINDEX … CONCURRENTLY, in a file with -- transactional: false.",
    ),
    Rule(
        id="concurrent-if-not-exists",
        name="CREATE INDEX CONCURRENTLY IF NOT EXISTS",
        condition="CREATE INDEX CONCURRENTLY with IF NOT EXISTS.",
        effect="A failed build leaves an INVALID index with that name, which is updated but never used. With IF NOT EXISTS,"
        " psql and yoyo report the next attempt as a success.",
        safer="Omit IF NOT EXISTS: runner removes the leftover of an interrupted build by itself. With psql, first run"
        " DROP INDEX CONCURRENTLY IF EXISTS.",
        unknown="Whether an index with that name exists and is valid.",
        bad="-- transactional: false\n\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_placed_at_idx ON app.orders (placed_at);",
        good="-- transactional: false\n\n"
        "DROP INDEX CONCURRENTLY IF EXISTS app.orders_placed_at_idx;\n\n"
        "CREATE INDEX CONCURRENTLY orders_placed_at_idx ON app.orders (placed_at);",
        source='CREATE INDEX, "Building Indexes Concurrently"',
        kinds=("CREATE INDEX",),
        check=_if_not_exists,
    ),
    Rule(
        id="refresh-not-concurrent",
        name="A materialized view is refreshed without CONCURRENTLY",
        level=Level.WARNING,
        condition="REFRESH MATERIALIZED VIEW without CONCURRENTLY.",
        effect="ACCESS EXCLUSIVE on the view while its query runs: nobody can read it.",
        safer="REFRESH MATERIALIZED VIEW CONCURRENTLY, for which the view needs a unique index.",
        unknown="Whether the view has a unique index, which CONCURRENTLY needs, and how long its query runs.",
        bad="REFRESH MATERIALIZED VIEW app.totals;",
        good="REFRESH MATERIALIZED VIEW CONCURRENTLY app.totals;",
        source="REFRESH MATERIALIZED VIEW",
        kinds=("REFRESH",),
        check=_refresh,
        form=lambda _: "REFRESH MATERIALIZED VIEW CONCURRENTLY; it needs a unique index over all rows.",
    ),
)
