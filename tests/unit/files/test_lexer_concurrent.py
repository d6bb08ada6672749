"""What a CONCURRENTLY statement works on, compared with PostgreSQL's parse tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.files.sqltext.classify import runs_outside_transactions
from runner.files.sqltext.concurrent import (
    BuildIndex,
    Concurrent,
    DetachPartition,
    DropIndex,
    Reindex,
    concurrent,
)
from runner.files.sqltext.lexer import statements
from runner.files.sqltext.tokens import tokens
from tests.unit.files.sql_texts import gaps

pglast = pytest.importorskip("pglast", reason="pglast, the oracle, has no wheel for this Python")
from pglast import ast, enums  # noqa: E402

Names = tuple[str, ...]

_names = st.sampled_from(
    [
        "t",
        "Orders",
        "if",
        "index",
        "a$b$",
        "Ünï",
        '"on"',
        '"A ""b"" -- c"',
        '"/*x*/"',
        '"concurrently"',
        '"a.b"',
        '"ONLY"',
    ]
)
_relations = st.one_of(_names.map(lambda n: [n]), st.tuples(_names, _names).map(lambda n: [n[0], ".", n[1]]))
_tables = st.one_of(
    _relations,
    _relations.map(lambda name: ["ONLY", *name]),
    _relations.map(lambda name: ["ONLY", "(", *name, ")"]),
    _relations.map(lambda name: [*name, "*"]),
)
_OPTIONS = [
    [],
    ["(", "VERBOSE", ")"],
    ["(", "CONCURRENTLY", ")"],
    ["(", "CONCURRENTLY", "false", ")"],
    ["(", "CONCURRENTLY", "0", ",", "concurrently", "On", ")"],
    ["(", "concurrently", "'true'", ",", "TABLESPACE", "on", ")"],
]


def _maybe(*words: str) -> st.SearchStrategy[list[str]]:
    return st.sampled_from([[], list(words)])


def _in_a_row(*parts: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    return st.tuples(*parts).map(lambda found: [token for part in found for token in part])


def _words(*words: str) -> st.SearchStrategy[list[str]]:
    return st.just(list(words))


_if_named = st.one_of(
    _words(), _names.map(lambda name: [name]), _names.map(lambda name: ["IF", "NOT", "EXISTS", name])
)
_builds = _in_a_row(
    _words("CREATE"), _maybe("UNIQUE"), _words("INDEX"), _maybe("CONCURRENTLY"), _if_named, _words("ON"), _tables,
    _maybe("USING", "btree"), st.sampled_from([["(", "a", ")"], ["(", "concurrently", "(", "a", ")", ")"]]),
)  # fmt: skip
_drops = _in_a_row(
    _words("DROP", "INDEX"), _maybe("CONCURRENTLY"), _maybe("IF", "EXISTS"), _relations, _maybe("CASCADE")
)
_reindexes = _in_a_row(
    _words("REINDEX"), st.sampled_from(_OPTIONS),
    st.one_of(
        _in_a_row(st.sampled_from([["INDEX"], ["table"]]), _maybe("CONCURRENTLY"), _relations),
        _in_a_row(_words("SCHEMA"), _maybe("CONCURRENTLY"), _names.map(lambda name: [name])),
        _in_a_row(st.sampled_from([["SYSTEM"], ["DATABASE"]]), _maybe("CONCURRENTLY"), _maybe("t")),
    ),
)  # fmt: skip
_alters = _in_a_row(
    _words("ALTER", "TABLE"), _maybe("IF", "EXISTS"), _tables,
    st.one_of(
        _in_a_row(_words("DETACH", "PARTITION"), _relations, st.sampled_from([[], ["CONCURRENTLY"], ["FINALIZE"]])),
        _words("ADD", "CHECK", "(", "concurrently", "(", "a", ")", ")"),
    ),
)  # fmt: skip


@st.composite
def spelled(draw: st.DrawFn, command: st.SearchStrategy[list[str]]) -> str:
    text, before = "", ""
    for token in draw(command):
        touches = before[-1:] in set('".()*,') or token[0] in '".()*,'
        text += (draw(st.one_of(st.just(""), gaps)) if touches else f" {draw(gaps)} ") + token
        before = token
    return text


def plain(name: str | None) -> Names | None:
    """Return what the server makes of a name as written."""
    if name is None:
        return None
    parts = [token.text for token in tokens(name) if token.text != "."]
    return tuple(p[1:-1].replace('""', '"') if p.startswith('"') else _folded(p) for p in parts)


def _folded(name: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in name)


def _parts(relation: ast.RangeVar) -> Names:
    return tuple(filter(None, (relation.schemaname, relation.relname)))


def expected(node: ast.Node) -> tuple[object, ...] | None:
    match node:
        case ast.IndexStmt(concurrent=True):
            return BuildIndex, node.idxname and (node.idxname,), _parts(node.relation)
        case ast.DropStmt(concurrent=True):
            return DropIndex, tuple(part.sval for part in node.objects[0])
        case ast.ReindexStmt() if _is_concurrent(node):
            scope = node.kind.name.removeprefix("REINDEX_OBJECT_")
            return Reindex, scope, _parts(node.relation) if node.relation else node.name and (node.name,)
        case ast.AlterTableStmt() if node.cmds[0].subtype == enums.AlterTableType.AT_DetachPartition:
            change = node.cmds[0].def_
            return (
                (DetachPartition, _parts(node.relation), _parts(change.name)) if change.concurrent else None
            )
    return None


def _is_concurrent(node: ast.ReindexStmt) -> bool:
    on = False
    for option in node.params or ():
        if option.defname == "concurrently":
            value = option.arg
            on = (
                value is None
                or getattr(value, "ival", None) == 1
                or getattr(value, "sval", "") in {"true", "on"}
            )
    return on


def seen(found: Concurrent | None) -> tuple[object, ...] | None:
    match found:
        case BuildIndex(name, table):
            return BuildIndex, plain(name), plain(table)
        case DropIndex(name):
            return DropIndex, plain(name)
        case Reindex(scope, name):
            return Reindex, scope, plain(name)
        case DetachPartition(table, partition):
            return DetachPartition, plain(table), plain(partition)
    return None


@pytest.mark.parametrize(
    "command", [_builds, _drops, _reindexes, _alters], ids=["CREATE", "DROP", "REINDEX", "ALTER"]
)
@given(data=st.data())
def test_the_names_are_those_of_the_parse_tree(command, data):
    text = data.draw(spelled(command))
    (statement,) = statements([text])
    (raw,) = pglast.parse_sql(text)
    assert seen(concurrent(statement)) == expected(raw.stmt)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('DROP INDEX CONCURRENTLY U&"d\\0061"', id="coded name"),
        pytest.param('REINDEX INDEX CONCURRENTLY U&"d\\0061"', id="coded name of an index to rebuild"),
        pytest.param("CREATE INDEX CONCURRENTLY i (a)", id="no table"),
        pytest.param("ALTER TABLE t DETACH PARTITION", id="no partition"),
        pytest.param("REINDEX (CONCURRENTLY", id="options without end"),
        pytest.param("REFRESH MATERIALIZED VIEW CONCURRENTLY v", id="what runs in a transaction"),
        pytest.param("ALTER TABLE t RENAME TO concurrently", id="another command"),
    ],
)
def test_what_is_not_understood_is_left_to_the_server(text):
    (statement,) = statements([text])
    assert concurrent(statement) is None
    assert not runs_outside_transactions(statement)
