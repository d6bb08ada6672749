"""The order in which yoyo would run the files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from runner.errors import FileError
from runner.files.migrations.migration import Kind, Migration


def in_order(migrations: Sequence[Migration]) -> list[Migration]:
    """Return the migrations in yoyo's order: as given, each after those of them that it depends on; hooks last.

    Raises: FileError for a cycle.
    """
    files = [m for m in migrations if m.kind is not Kind.HOOK]
    hooks = [m for m in migrations if m.kind is Kind.HOOK]
    if not _is_ordered(files):
        files = _sorted_by_yoyo(files)
    return files + hooks


def _is_ordered(files: Sequence[Migration]) -> bool:
    """Return whether each file already stands after what it depends on: then yoyo's sort changes nothing."""
    ids = {m.id for m in files}
    seen: set[str] = set()
    for migration in files:
        if any(name in ids and name not in seen for name in migration.depends):
            return False
        seen.add(migration.id)
    return True


def _sorted_by_yoyo(files: Sequence[Migration]) -> list[Migration]:
    # for start-up time: files are in order nearly always
    from yoyo.topologicalsort import CycleError, topological_sort

    by_id = {m.id: m for m in files}
    graph = {m.id: {name for name in m.depends if name in by_id} for m in files}
    try:
        return [by_id[id_] for id_ in topological_sort(by_id, graph)]
    except CycleError as error:
        cycle = _find_cycle(graph)
        first = by_id[cycle[0]]
        raise FileError(
            f"circular dependency: {' → '.join((*cycle, cycle[0]))}",
            where=first.apply.location(0),
            detail="Each of these files depends on the next.",
            hint="Remove one of the depends directives.",
        ) from error


def _find_cycle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    done: set[str] = set()
    for root in graph:
        path: list[str] = []
        stack = [(root, iter(sorted(graph[root])))]
        while stack:
            node, rest = stack[-1]
            if node not in path and node not in done:
                path.append(node)
            following = next((name for name in rest if name not in done), None)
            if following is None:
                stack.pop()
                done.add(node)
                if node in path:
                    path.remove(node)
            elif following in path:
                return path[path.index(following) :]
            else:
                stack.append((following, iter(sorted(graph[following]))))
    return []
