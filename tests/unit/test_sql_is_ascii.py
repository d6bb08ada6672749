"""All SQL that is sent is ASCII: a database in LATIN1 or EUC_JP has no "…", and the server converts comments, too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("runner", "sql", "migrations") for path in (ROOT / folder).rglob("*.sql"))
# lint sends nothing: what stands in capitals there is for people
MODULES = sorted(path for path in (ROOT / "runner").rglob("*.py") if "lint" not in path.parts)
# how a statement begins, in capitals; the words of a hint follow a sentence or name a command
_STATEMENT = re.compile(
    r"\s*(?:--|/\*|SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|CREATE|DROP|GRANT|REVOKE|COMMENT|LOCK|SET|RESET|SHOW|BEGIN|"
    r"COMMIT|ROLLBACK|SAVEPOINT|EXPLAIN|COPY|DO|CALL|VACUUM|ANALYZE|REINDEX|CLUSTER|VALUES|TRUNCATE|LISTEN|DISCARD)\s"
)
_SENDS = {"SQL", "execute", "executemany", "copy", "send_query"}


def _sent(module: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that are given to what sends, and constants that read as a statement."""
    tree = ast.parse(module.read_text("utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        texts: list[ast.AST] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SENDS:
            texts = [inner for argument in node.args for inner in ast.walk(argument)]
        elif isinstance(node, ast.Constant) and id(node) not in docstrings and _STATEMENT.match(_text(node)):
            texts = [node]
        yield from ((inner.lineno, _text(inner)) for inner in texts if isinstance(inner, ast.Constant))


def _text(node: ast.Constant) -> str:
    return node.value.decode("utf-8", "replace") if isinstance(node.value, bytes) else str(node.value)


def test_our_sql_files_are_ascii():
    assert len(FILES) > 80
    assert [path for path in FILES if not path.read_text("utf-8").isascii()] == []


def test_sql_in_our_modules_is_ascii():
    found = ((module, *sent) for module in MODULES for sent in _sent(module))
    assert [(module, line, text) for module, line, text in found if not text.isascii()] == []


def test_the_search_finds_sql():
    found = [text for module in MODULES for _, text in _sent(module)]
    assert any("pg_advisory_unlock" in text for text in found)
    assert any("INSERT INTO {lock}" in text for text in found)
    assert any("SET CONSTRAINTS" in text or "CLOSE ALL" in text for text in found)
