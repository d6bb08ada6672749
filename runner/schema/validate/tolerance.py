"""Pure: which differences count."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runner.engine.history.neighbours import tool_of
from runner.files.sqltext.identifiers import NAME
from runner.schema.catalog.create_table import unquoted
from runner.schema.catalog.objects import Change
from runner.schema.validate.partitions import follows_its_parent
from runner.settings import is_ignored

if TYPE_CHECKING:
    from runner.schema.catalog.objects import Difference
    from runner.schema.validate.compare import Tolerance

_RIGHTS = frozenset({"grant", "default privileges"})


def is_of_another_tool(difference: Difference) -> bool:
    """Return whether it is a table, or a whole schema, in which another tool keeps its history: no file of ours makes it."""
    if difference.change is not Change.UNEXPECTED:
        return False

    names = [unquoted(name) for name in re.findall(NAME, difference.identity)]
    table = names[1] if difference.kind == "table" and len(names) > 1 else ""
    return bool(names) and tool_of(names[0], table) is not None


class Judge:
    """Applies what was said about differences that do not count."""

    def __init__(self, tolerance: Tolerance) -> None:
        self._tolerance = tolerance

    def is_extension_beside(self, difference: Difference) -> bool:
        """Whether it is an extension that the snapshot does not know: servers come with their own."""
        return difference.kind == "extension" and difference.change is Change.UNEXPECTED

    def is_set_aside(self, difference: Difference) -> bool:
        """Whether it is a right that somebody was given besides, a partition that follows its parent, another tool's, or ignored."""
        if not self._tolerance.grants and self._is_a_right_more(difference):
            return True
        if follows_its_parent(difference) or is_of_another_tool(difference):
            return True
        return is_ignored(self._tolerance.ignore, difference.kind, difference.identity)

    def _is_a_right_more(self, difference: Difference) -> bool:
        return difference.kind in _RIGHTS and difference.change is Change.UNEXPECTED
