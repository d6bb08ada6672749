"""View definitions in one spelling: PostgreSQL 14 and 15 qualify columns where 16 and later do not."""

from __future__ import annotations

from itertools import dropwhile
from typing import TYPE_CHECKING

from runner.schema.catalog.spelling import is_name, split

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUBQUERY = frozenset({"SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE"})
_AFTER_FROM = frozenset(
    {"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", ";"}
)
_SET_OPERATIONS = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_ORDERING = frozenset({"ASC", "DESC", "NULLS", "FIRST", "LAST"})


def canonical_view(definition: str) -> str:
    """Spell a view's query as PostgreSQL 16 does, whatever server it was read from.

    A query over one relation names its columns without that relation, except where ORDER BY or DISTINCT ON would
    then mean an output column of the same name (which early releases of 16 to 18 get wrong themselves). Subqueries
    keep theirs: every version qualifies there.
    """
    words = split(definition)
    depths, nested = _structure(words)
    top = [i for i, word in enumerate(words) if depths[i] == 0 and not word.isspace()]
    if any(words[i] in _SET_OPERATIONS for i in top):
        return definition
    start = next((i for i in top if words[i] == "FROM"), None)
    if start is None:
        return definition
    end = next((i for i in top if i > start and words[i] in _AFTER_FROM), len(words))
    alias = _only_relation(words, depths, nested, start + 1, end)
    if alias is None:
        return definition
    kept = [i for i in range(len(words)) if not words[i].isspace()]
    stripped = set(_qualifiers(words, nested, kept, alias, range(start, end)))
    clashing = _clashing_outputs(words, top, start)
    out = ["" if i in stripped else word for i, word in enumerate(words)]
    for i in (
        *_bare_order_items(words, stripped, top, end),
        *_bare_distinct_items(words, stripped, depths, top),
    ):
        if words[i] in clashing:
            out[i] = f"{alias}.{words[i]}"
    return "".join(out)


def _structure(words: Sequence[str]) -> tuple[list[int], list[bool]]:
    """For each word: how many parentheses are around it, and whether one of them holds a subquery."""
    depths: list[int] = []
    nested: list[bool] = []
    stack: list[bool] = []
    opened = False
    for word in words:
        if opened and not word.isspace():
            stack[-1] = stack[-1] or word in _SUBQUERY
            opened = False
        if word == ")" and stack:
            stack.pop()
        depths.append(len(stack))
        nested.append(bool(stack) and stack[-1])
        if word == "(":
            stack.append(bool(stack) and stack[-1])
            opened = True
    return depths, nested


def _only_relation(
    words: Sequence[str], depths: Sequence[int], nested: Sequence[bool], start: int, end: int
) -> str | None:
    alias = None
    for i in range(start, end):
        word = words[i]
        if nested[i]:
            continue
        if word == "JOIN" or (word == "," and depths[i] == 0):
            return None
        if word == "TABLESAMPLE":
            break
        if depths[i] == 0 and is_name(word):
            alias = word
    return alias


def _qualifiers(
    words: Sequence[str], nested: Sequence[bool], kept: Sequence[int], alias: str, skip: range
) -> list[int]:
    """Find the words of "alias." before a column name."""
    found: list[int] = []
    for place in range(1, len(kept) - 2):
        i, dot, column = kept[place], kept[place + 1], kept[place + 2]
        if words[i] != alias or nested[i] or i in skip or words[dot] != ".":
            continue
        before = words[kept[place - 1]]
        after = words[kept[place + 3]] if place + 3 < len(kept) else ""
        if is_name(words[column]) and before not in (".", "::", "COLLATE") and after not in ("(", "."):
            found += [i, dot]
    return found


def _clashing_outputs(words: Sequence[str], top: Sequence[int], end: int) -> set[str]:
    """Collect output names that are given with AS to something else than the column of that name."""
    names = set()
    for place, i in enumerate(top):
        if i < end and words[i] == "AS" and place + 1 < len(top):
            names.add(words[top[place + 1]])
    return names


def _bare_order_items(words: Sequence[str], stripped: set[int], top: Sequence[int], start: int) -> list[int]:
    """Find the ORDER BY items of the query itself that are one column and nothing else."""
    items: list[list[int]] = []
    inside = False
    for place, i in enumerate(top):
        if i < start:
            continue
        if words[i] == "ORDER" and words[top[place + 1]] == "BY":
            inside = True
            items.append([])
        elif inside and (words[i] in _AFTER_FROM):
            break
        elif inside and words[i] == ",":
            items.append([])
        elif inside and words[i] != "BY" and i not in stripped and words[i] not in _ORDERING:
            items[-1].append(i)
    return _single_columns(words, items)


def _bare_distinct_items(
    words: Sequence[str], stripped: set[int], depths: Sequence[int], top: Sequence[int]
) -> list[int]:
    """Find the items of DISTINCT ON that are one column and nothing else; it reads names as ORDER BY does."""
    select = [*dropwhile(lambda i: words[i] != "SELECT", top)]
    if [words[i] for i in select[:4]] != ["SELECT", "DISTINCT", "ON", "("]:
        return []
    items: list[list[int]] = [[]]
    for i in range(select[3] + 1, select[4]):
        if depths[i] == 1 and words[i] == ",":
            items.append([])
        elif i not in stripped and not words[i].isspace():
            items[-1].append(i)
    return _single_columns(words, items)


def _single_columns(words: Sequence[str], items: Sequence[Sequence[int]]) -> list[int]:
    return [item[0] for item in items if len(item) == 1 and is_name(words[item[0]])]
