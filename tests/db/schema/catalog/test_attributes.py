"""Every attribute of every kind of object, held against pg_dump: it is read, written, and seen when it changes."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest

from runner.review.verify import with_all_beyond
from runner.review.verify.harmless import without_harmless
from runner.schema import catalog
from runner.schema.catalog import query_rows
from runner.schema.catalog.differences import compare_text, diff, only_changed
from runner.schema.catalog.incremental import Mirror
from runner.schema.catalog.objects import Catalog
from runner.schema.catalog.read import fetch_whole, read, undescribed
from runner.schema.catalog.render import render
from tests.db.schema.catalog.attributes import ATTRIBUTES, Attribute
from tests.db.schema.catalog.conftest import empty_database, make_tablespace
from tests.dumps import dumped_differences, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Parameters = dict[str, str]
Dump = dict[str, str]
# Named in the table by what they are used for, and what a database needs before any of the rows.
ACCESS_METHOD = "CREATE ACCESS METHOD catalog_heap TYPE TABLE HANDLER heap_tableam_handler;"


class State(NamedTuple):
    """A database at one moment."""

    catalog: Catalog
    rows: query_rows.Snapshot
    dump: Dump


class Played(NamedTuple):
    """What became of the table's rows on one server."""

    attributes: dict[str, Attribute]  # by the schema that each had
    before: State
    after: State
    unseen: list[str]  # what `verify` would not have seen, or called wrong
    mirrored: Catalog
    named: list[str]  # as not described


def _has_icu(conn: psycopg.Connection[Any]) -> bool:
    """Return whether the server was built with ICU; its catalog may list ICU's collations all the same."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute("CREATE COLLATION public.probe (provider = icu, locale = 'und')")
    except psycopg.errors.FeatureNotSupported:
        return False
    return True


@pytest.fixture(scope="module")
def played(any_server: Parameters, pg_dump: Callable[[Parameters], str]) -> Iterator[Played]:
    """Make all objects in one database, then change one attribute after the other."""
    with psycopg.connect(**any_server) as conn:
        major = conn.info.server_version // 10000
        has_icu = _has_icu(conn)
    chosen = {
        f"r{number:03}": attribute
        for number, attribute in enumerate(ATTRIBUTES)
        if attribute.since <= major <= attribute.until
        and (has_icu or "provider = icu" not in attribute.make + attribute.change)
    }
    if major >= 15:
        make_tablespace(any_server)
    with empty_database(any_server) as parameters, psycopg.connect(**parameters, autocommit=True) as conn:
        conn.execute(ACCESS_METHOD)
        for schema, attribute in chosen.items():
            conn.execute(_in(schema, f"CREATE SCHEMA {schema}; {attribute.make}"))
        before = State(read(conn, other_owners=True), fetch_whole(conn, None), entries(pg_dump(parameters)))
        with psycopg.connect(**parameters, autocommit=True) as reading:
            mirror, unseen = Mirror(reading), []
            seen = with_all_beyond(mirror.read(), reading)
            for batch in _batches(chosen):
                for schema in batch:
                    conn.execute(_in(schema, chosen[schema].change))
                was, seen = seen, with_all_beyond(mirror.read(), reading)
                found = [d for d in diff(*only_changed(was, seen)) if not d.is_note]
                counting, _ = without_harmless(found, since=seen)
                text = "\n".join(f"{d} {d.expected_sql} {d.actual_sql}" for d in counting)
                unseen += [
                    f"{schema}: {chosen[schema].kind}, {chosen[schema].attribute}"
                    for schema in batch
                    if chosen[schema].is_note == ((schema if len(batch) > 1 else "") in text and text != "")
                ]
            mirrored = mirror.read()
        named = [
            f"{found.kind} {found.identity}"
            for found in undescribed(conn)
            if not found.is_usual and re.search(r"\br\d{3}", found.identity)
        ]
        after = State(read(conn, other_owners=True), fetch_whole(conn, None), entries(pg_dump(parameters)))
        yield Played(chosen, before, after, unseen, mirrored, named)


def _batches(chosen: dict[str, Attribute]) -> Iterator[list[str]]:
    """Cut the rows into some that are looked at together, and those whose change does not name their schema."""
    alone = [s for s, a in chosen.items() if a.kind == "default privileges"]
    together = [schema for schema in chosen if schema not in alone]
    yield from (together[at : at + 8] for at in range(0, len(together), 8))
    yield from ([schema] for schema in alone)


def _in(schema: str, text: str) -> bytes:
    return f"SET search_path = {schema}; {text.replace('{s}', schema)}".encode()


def test_each_change_is_seen_by_verify_when_a_rollback_leaves_it(played: Played) -> None:
    assert played.unseen == []


def test_each_change_is_seen_by_validate(played: Played) -> None:
    found = compare_text(render(played.before.catalog), played.after.catalog)
    text = "\n".join(f"{d} {d.expected_sql} {d.actual_sql}" for d in found if not d.is_note)
    assert _unnamed(played, text) == []


def _unnamed(played: Played, text: str) -> list[str]:
    """Return the rows whose schema is not named; what is changed for a role everywhere names none."""
    return [
        f"{schema}: {attribute.kind}, {attribute.attribute}"
        for schema, attribute in played.attributes.items()
        if schema not in text and "FOR ROLE" not in attribute.change
    ]


def test_what_is_described_is_not_named_as_not_described(played: Played) -> None:
    assert played.named == []


def test_what_verify_reads_piece_by_piece_is_what_there_is(played: Played) -> None:
    assert [str(d) for d in diff(played.after.catalog, played.mirrored)] == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_snapshot_makes_what_pg_dump_finds_in_the_original(
    moment: str,
    played: Played,
    empty: Callable[[], Parameters],
    psql: Callable[[Parameters, str], None],
    pg_dump: Callable[[Parameters], str],
) -> None:
    state: State = getattr(played, moment)
    copy = empty()
    psql(copy, ACCESS_METHOD)
    psql(copy, render(state.catalog))
    with psycopg.connect(**copy) as conn:
        again = read(conn, other_owners=True)
    silent = {s for s, a in played.attributes.items() if not a.in_pg_dump}
    found = [*diff(state.catalog, again), *compare_text(render(state.catalog), again)]
    assert [str(d) for d in found if not any(f"{s}." in d.identity for s in silent)] == []
    found = dumped_differences(state.dump, entries(pg_dump(copy)))
    assert [text for text in found if not any(f"Schema: {s}" in text for s in silent)] == []


def test_each_change_is_one_that_pg_dump_sees_too(played: Played) -> None:
    if not played.before.dump:
        pytest.skip("no pg_dump fits the server")
    changed = dict(played.before.dump.items() ^ played.after.dump.items())
    silent = [schema for schema, attribute in played.attributes.items() if not attribute.in_pg_dump]
    assert _unnamed(played, "\n".join([*silent, *changed, *changed.values()])) == []


def test_every_kind_that_a_catalog_holds_is_in_the_table(played: Played) -> None:
    """The text's parser knows them all, or no snapshot could be compared."""
    source = Path(catalog.__file__).with_name("parse.py").read_text(encoding="utf-8")
    kinds = {"function", "procedure", "aggregate", "grant", "revoke"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            first = node.args[0]
            if node.func.id in ("_plain", "_on_table", "_of_table", "_of_column", "Identified"):
                kinds |= {first.value} if isinstance(first, ast.Constant) else set()
    held = {item.kind for state in (played.before, played.after) for item in state.catalog.objects.values()}
    assert kinds - {"statement"} - held == set()


# What is no attribute: who an object is, and whose it is.
_IDENTITY = {
    "oid", "relation", "domain", "index_oid", "not_null_oid", "multirange_oid", "catalog", "number", "table",
    "needs_catalog", "needs_oid", "from_relation", "not_null_column",
}  # fmt: skip
# What the server derives from something else of the row.
_DERIVED = {("Column", "usual_storage"), ("Dependency", "default_column"), ("Constraint", "raw_name")}


def test_every_column_that_is_read_is_changed_by_some_row(played: Played) -> None:
    """A field in `runner/schema/catalog/query_rows.py` that no row of the table touches is an attribute without a row."""
    untouched = []
    for name in query_rows.Snapshot.__slots__:
        was, now = getattr(played.before.rows, name), getattr(played.after.rows, name)
        if not isinstance(was, list) or not was or not hasattr(was[0], "_fields"):
            continue
        kind = type(was[0])
        for field in kind._fields:
            if field in _IDENTITY or (kind.__name__, field) in _DERIVED:
                continue
            values = [sorted(repr(getattr(row, field)) for row in found) for found in (was, now)]
            if values[0] == values[1]:
                untouched.append(f"{kind.__name__}.{field}")
    assert untouched == []
