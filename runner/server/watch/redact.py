"""Show a statement of somebody else without the data in it."""

from __future__ import annotations

import re

LENGTH = 60

# pg_stat_activity cuts a statement at track_activity_query_size: a quote that is still open then reaches to the end
_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*+ | /\*(?:[^*]++|\*(?!/))*(?:\*/)?)
      | (?P<literal>[eE]'(?:[^'\\]++|\\.|'')*(?:'|\\?\Z)
          | (?:[bBxXnN]|[uU]&)?'(?:[^']++|'')*(?:'|\Z)
          | \$(?P<tag>(?:[^\W\d]\w*+)?)\$.*?(?:\$(?P=tag)\$|\Z)
          | (?<![\w$.])(?:\d[\w.]*+|\.\d\w*+))
      | (?P<kept>"(?:[^"]++|"")*(?:"|\Z) | [^\W\d][\w$]*+ | \$\d++ | \s++ | .)
    """,
    re.VERBOSE | re.DOTALL,
)
_LIST = re.compile(r"\?(?:\s*,\s*\?)+")


def statement_beginning(sql: str) -> str:
    """Return the first 60 characters of a statement on one line, comments left out and each literal as `?`."""
    shown = "".join(
        match["kept"] or ("?" if match["literal"] is not None else " ") for match in _TOKEN.finditer(sql)
    )
    line = _LIST.sub("?, …", " ".join(shown.split()))
    return line if len(line) <= LENGTH else line[: LENGTH - 1].rstrip() + "…"
