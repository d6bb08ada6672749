"""The order in which statements can be run and read well: by section and name, after what they need."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.schema.catalog.objects import Structure


class Section(IntEnum):
    """The parts of a rendered file, first to last."""

    EXTENSIONS = 0
    SCHEMAS = 1
    COLLATIONS = 2
    TYPES = 3
    SEQUENCES = 4
    FUNCTIONS = 5
    OPERATORS = 6
    TEXT_SEARCH = 7
    SERVERS = 8
    TABLES = 9
    FOREIGN_KEYS = 10
    VIEWS = 11
    PUBLICATIONS = 12
    EVENT_TRIGGERS = 13
    DEFAULT_PRIVILEGES = 14


class Place(IntEnum):
    """The position of a statement in its group: a table first, then what belongs to it."""

    MAIN = 0
    OWNER = 1
    COLUMN = 2
    CONSTRAINT = 3
    INDEX = 4
    ATTACHMENT = 5
    SETTING = 6
    STATISTICS = 7
    TRIGGER = 8
    RULE = 9
    POLICY = 10
    COMMENT = 11
    REVOKE = 12
    GRANT = 13


@dataclass(slots=True, eq=False)
class Node:
    """An object on its way into a catalog."""

    kind: str
    identity: str
    section: Section
    group: str
    place: Place
    sql: str = ""
    parent: str | None = None
    needs: list[Node] = field(default_factory=list)
    structure: Structure | None = None
    undo: str = ""

    def sort_key(self) -> tuple[int, str, int, str, str]:
        """Order nodes as far as their needs allow."""
        return (self.section, self.group, self.place, self.kind, self.identity)


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """Sort by section and name, but each node after those it needs, and a group together where possible.

    Where the needs run in a circle (functions that were made to use each other with CREATE OR REPLACE), the first by
    name goes ahead: such a schema still compares well although no single file can build it.
    """
    ranked = sorted(nodes, key=Node.sort_key)
    rank = {id(node): number for number, node in enumerate(ranked)}
    waiting = [0] * len(ranked)  # for how many nodes each one waits
    dependents: dict[int, list[int]] = defaultdict(list)
    for number, node in enumerate(ranked):
        for need in node.needs:
            other = rank.get(id(need), number)
            if other != number:
                waiting[number] += 1
                dependents[other].append(number)

    ready = [number for number, count in enumerate(waiting) if not count]  # ascending, so already a heap
    result: list[Node] = []
    done = [False] * len(ranked)
    together: list[int] = []  # what is ready of the group that is being written
    first_undone = 0
    while len(result) < len(ranked):
        while ready and done[ready[0]]:
            heapq.heappop(ready)
        if together:
            number = heapq.heappop(together)
        elif ready:
            number = heapq.heappop(ready)
        else:
            while done[first_undone]:
                first_undone += 1
            number = first_undone
        if done[number]:
            continue
        done[number] = True
        node = ranked[number]
        result.append(node)
        for dependent in dependents.get(number, ()):
            waiting[dependent] -= 1
            if not waiting[dependent] and not done[dependent]:
                follower = ranked[dependent]
                same_group = follower.group == node.group and follower.section == node.section
                heapq.heappush(together if same_group else ready, dependent)
    return result


def in_circles(nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes that need themselves through others, and those that need such a one."""
    left = {id(node): node for node in nodes}
    waiting = {
        key: sum(id(need) in left and need is not node for need in node.needs) for key, node in left.items()
    }
    dependents: dict[int, list[int]] = defaultdict(list)
    for key, node in left.items():
        for need in node.needs:
            if need is not node:
                dependents[id(need)].append(key)
    ready = [key for key, count in waiting.items() if not count]
    while ready:
        key = ready.pop()
        del left[key]
        for dependent in dependents.get(key, ()):
            waiting[dependent] -= 1
            if not waiting[dependent]:
                ready.append(dependent)
    return list(left.values())


def reaches(start: Node, goal: Node) -> bool:
    """Return whether `start` needs `goal`, directly or through others."""
    seen = {id(start)}
    stack = [start]
    while stack:
        node = stack.pop()
        if node is goal:
            return True
        for need in node.needs:
            if id(need) not in seen:
                seen.add(id(need))
                stack.append(need)
    return False
