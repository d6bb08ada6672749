"""Find the migration that last names a difference; only a rehearsal could show that it made it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from runner.engine.history.order import in_order
from runner.files.migrations.migration import Kind, Migration
from runner.files.sqltext.identifiers import NAME

if TYPE_CHECKING:
    from runner.schema.catalog.objects import Difference

_NAME = re.compile(NAME)
_BETWEEN = frozenset(
    {"on", "to", "from", "of", "in", "for", "role", "schema", "table", "domain", "column", "server"}
    | {"AS", "USING", "FOR", "SERVER", "NONE"}
)


def origins(differences: Sequence[Difference], files: Sequence[Migration]) -> list[str | None]:
    """Return for each difference the newest file that has all its names, without their schema."""
    texts = [_File(m) for m in reversed(in_order([m for m in files if m.kind is not Kind.HOOK]))]
    return [_origin(difference, texts) for difference in differences]


def not_in_snapshot(found: Sequence[str | None], recent: Sequence[str]) -> tuple[str, ...]:
    """Return which of the files that this run applied name all that differs; none where something else differs too.

    A difference in what an earlier file made says nothing of the snapshot's age: somebody may have changed it.
    """
    return tuple(id_ for id_ in recent if id_ in found) if found and set(found) <= set(recent) else ()


class _File:
    def __init__(self, migration: Migration) -> None:
        self._migration = migration
        self.id = migration.id

    @cached_property
    def names(self) -> frozenset[str]:
        """All words and quoted names of its SQL, comments too."""
        return frozenset(_NAME.findall(self._migration.apply.text or ""))


def _origin(difference: Difference, newest_first: Sequence[_File]) -> str | None:
    wanted = _names(difference)
    return next((file.id for file in newest_first if wanted and wanted <= file.names), None)


def _names(difference: Difference) -> frozenset[str]:
    """Return the names in an identity: of "index i on public.t" i and t, of "column public.t.c" t and c."""
    identity = difference.identity.partition("(")[0] or difference.identity  # of a cast all is in parentheses
    found = []
    for part in re.split(r"\s+", identity):
        names = _NAME.findall(part)
        qualified = names[1:] if len(names) > 1 else names
        found += [name for name in qualified if name not in _BETWEEN]
    return frozenset(found)
