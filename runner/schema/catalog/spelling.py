"""Expressions in one spelling: the server prints some in another way once its own print was read in."""

from __future__ import annotations

import re

_WORD = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>[Ee]'(?:[^'\\]|''|\\.)*'|[BbXx]?'(?:[^']|'')*')
  | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)
  | (?P<name>"(?:[^"]|"")*"|[^\W\d][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<other>::|[()\[\],.;]|[^\s\w"'$()\[\],.;:]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)


def split(sql: str) -> list[str]:
    """Cut SQL into names, texts, numbers, white space and marks; joined again they are the same text."""
    return [match.group() for match in _WORD.finditer(sql)]


def is_name(word: str) -> bool:
    """Distinguish a name or keyword from other tokens."""
    return word[0] == '"' or word[0].isalpha() or word[0] == "_"


def split_list(text: str) -> list[str]:
    """Cut a list of expressions at its commas."""
    depth = 0
    items = [""]
    for word in split(text):
        depth += (word in ("(", "[")) - (word in (")", "]"))
        if word == "," and not depth:
            items.append("")
        else:
            items[-1] += word
    return [item.strip() for item in items if item.strip()]


def cut_ending(text: str, ending: str) -> tuple[str, str]:
    """Cut a text before an ending that it is known to have, though its white space may be another.

    The server breaks lines in an expression that it prints alone, and not in the same one at the end of an index.

    Raises: ValueError when the text does not end so.
    """
    at = len(text)
    for mark in reversed("".join(ending.split())):
        at = len(text[:at].rstrip()) - 1
        if at < 0 or text[at] != mark:
            raise ValueError(f"{text!r} does not end with {ending!r}")
    at = len(text[:at].rstrip()) if ending[:1].isspace() else at
    return text[:at], text[at:]


def canonical_arrays(sql: str) -> str:
    """Spell a cast array as an array of casts.

    From `role IN ('user', 'admin')` over varchar the server makes `(ARRAY['user'::varchar, …])::text[]`; when it reads
    that again, `ARRAY[('user'::varchar)::text, …]`, and there it stays. Without this, a schema that was made from our
    own file would differ from the one the file was made from.
    """
    if "(ARRAY[" not in sql:
        return sql
    words = split(sql)
    out: list[str] = []
    at = 0
    while at < len(words):
        found = _cast_array(words, at) if words[at : at + 3] == ["(", "ARRAY", "["] else None
        if found is None:
            out.append(words[at])
            at += 1
        else:
            text, at = found
            out.append(text)
    return "".join(out)


def _cast_array(words: list[str], at: int) -> tuple[str, int] | None:
    """Read `(ARRAY[…])::type[]` from here; give its other spelling, and where it ends."""
    depth, end = 0, at + 3
    while end < len(words) and (depth or words[end] != "]"):
        depth += (words[end] in ("(", "[")) - (words[end] in (")", "]"))
        end += 1
    if words[end + 1 : end + 3] != [")", "::"]:
        return None
    close = end + 3
    while close < len(words) and (is_name(words[close]) or words[close] in (".", " ")):
        close += 1
    if words[close : close + 2] != ["[", "]"]:
        return None
    to = "".join(words[end + 3 : close])
    items = split_list("".join(words[at + 3 : end]))
    if any(item.startswith("ARRAY[") for item in items):
        return None
    return f"ARRAY[{', '.join(f'({canonical_arrays(item)})::{to}' for item in items)}]", close + 2
