"""View definitions in one spelling: PostgreSQL 14 and 15 qualify columns where 16 and later do not."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>[Ee]'(?:[^'\\]|''|\\.)*'|[BbXx]?'(?:[^']|'')*')
  | (?P<name>"(?:[^"]|"")*"|[^\W\d][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<other>::|[()\[\],.;]|[^\s\w"'()\[\],.;:]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SUBQUERY = frozenset({"SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE"})
_AFTER_FROM = frozenset(
    {"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", ";"}
)
_SET_OPERATIONS = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_ORDERING = frozenset({"ASC", "DESC", "NULLS", "FIRST", "LAST"})


def canonical_view(definition: str) -> str:
    """Spell a view's query as PostgreSQL 16 does, whatever server it was read from.

    A query over one relation names its columns without that relation, except where ORDER BY would then mean an output
    column of the same name (which 16 to 18 get wrong themselves). Subqueries keep theirs: every version qualifies there.
    """
    tokens = [match.group() for match in _TOKEN.finditer(definition)]
    depths, nested = _structure(tokens)
    top = [i for i, token in enumerate(tokens) if depths[i] == 0 and not token.isspace()]
    if any(tokens[i] in _SET_OPERATIONS for i in top):
        return definition
    start = next((i for i in top if tokens[i] == "FROM"), None)
    if start is None:
        return definition
    end = next((i for i in top if i > start and tokens[i] in _AFTER_FROM), len(tokens))
    alias = _only_relation(tokens, depths, nested, start + 1, end)
    if alias is None:
        return definition
    kept = [i for i in range(len(tokens)) if not tokens[i].isspace()]
    stripped = set(_qualifiers(tokens, nested, kept, alias, range(start, end)))
    clashing = _clashing_outputs(tokens, depths, stripped, top, start)
    out = ["" if i in stripped else token for i, token in enumerate(tokens)]
    for i in _bare_order_items(tokens, depths, stripped, top, end):
        if tokens[i] in clashing:
            out[i] = f"{alias}.{tokens[i]}"
    return "".join(out)


def _structure(tokens: Sequence[str]) -> tuple[list[int], list[bool]]:
    """For each token: how many parentheses are around it, and whether one of them holds a subquery."""
    depths: list[int] = []
    nested: list[bool] = []
    stack: list[bool] = []
    opened = False
    for token in tokens:
        if opened and not token.isspace():
            stack[-1] = stack[-1] or token in _SUBQUERY
            opened = False
        if token == ")" and stack:
            stack.pop()
        depths.append(len(stack))
        nested.append(bool(stack) and stack[-1])
        if token == "(":
            stack.append(bool(stack) and stack[-1])
            opened = True
    return depths, nested


def _only_relation(
    tokens: Sequence[str], depths: Sequence[int], nested: Sequence[bool], start: int, end: int
) -> str | None:
    alias = None
    for i in range(start, end):
        token = tokens[i]
        if nested[i]:
            continue
        if token == "JOIN" or (token == "," and depths[i] == 0):
            return None
        if token == "TABLESAMPLE":
            break
        if depths[i] == 0 and (token[0] == '"' or token[0].isalpha() or token[0] == "_"):
            alias = token
    return alias


def _qualifiers(
    tokens: Sequence[str], nested: Sequence[bool], kept: Sequence[int], alias: str, skip: range
) -> list[int]:
    """Find the tokens of "alias." before a column name."""
    found: list[int] = []
    for place in range(1, len(kept) - 2):
        i, dot, column = kept[place], kept[place + 1], kept[place + 2]
        if tokens[i] != alias or nested[i] or i in skip or tokens[dot] != ".":
            continue
        before = tokens[kept[place - 1]]
        after = tokens[kept[place + 3]] if place + 3 < len(kept) else ""
        is_name = tokens[column][0] == '"' or tokens[column][0].isalpha() or tokens[column][0] == "_"
        if is_name and before not in (".", "::", "COLLATE") and after not in ("(", "."):
            found += [i, dot]
    return found


def _clashing_outputs(
    tokens: Sequence[str], depths: Sequence[int], stripped: set[int], top: Sequence[int], end: int
) -> set[str]:
    """Collect output names that are given with AS to something else than the column of that name."""
    names = set()
    for place, i in enumerate(top):
        if i < end and tokens[i] == "AS" and place + 1 < len(top) and depths[i] == 0:
            names.add(tokens[top[place + 1]])
    return names


def _bare_order_items(
    tokens: Sequence[str], depths: Sequence[int], stripped: set[int], top: Sequence[int], start: int
) -> list[int]:
    """Find the ORDER BY items of the query itself that are one column and nothing else."""
    items: list[list[int]] = []
    inside = False
    for place, i in enumerate(top):
        if i < start:
            continue
        if tokens[i] == "ORDER" and tokens[top[place + 1]] == "BY":
            inside = True
            items.append([])
        elif inside and (tokens[i] in _AFTER_FROM):
            break
        elif inside and tokens[i] == ",":
            items.append([])
        elif inside and tokens[i] != "BY" and i not in stripped and tokens[i] not in _ORDERING:
            items[-1].append(i)
    return [
        item[0]
        for item in items
        if len(item) == 1 and tokens[item[0]][0] not in "('" and not tokens[item[0]][0].isdigit()
    ]
