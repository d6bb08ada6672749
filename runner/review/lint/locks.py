"""Which table locks a statement takes, as docs/locks.md says they were measured; a test compares the two."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from runner.files.sqltext.alter_table import Action, actions, references
from runner.files.sqltext.lock_modes import LockMode
from runner.files.sqltext.phrase import Name, Phrase

Lock = tuple[Name, LockMode]
_MODES = {str(mode): mode for mode in LockMode}


def locks(phrase: Phrase) -> Iterator[Lock]:
    """Yield the relations that a statement locks, as far as it names them, from ROW EXCLUSIVE up."""
    reader = _READERS.get(phrase.kind)
    if reader is not None:
        yield from reader(phrase)


def _alter_table(phrase: Phrase) -> Iterator[Lock]:
    table, _ = phrase.target()
    if table is None:
        return
    done = list(actions(phrase))
    yield table, max((_mode(phrase, action) for action in done), default=LockMode.ACCESS_EXCLUSIVE)
    for action in done:
        if action.verb.startswith("ADD "):
            yield from (
                (name, LockMode.SHARE_ROW_EXCLUSIVE) for name in references(phrase, action.after, action.end)
            )
        elif action.verb in {"ATTACH PARTITION", "DETACH PARTITION"}:
            partition, _ = phrase.name(action.after)
            if partition is not None:
                yield partition, LockMode.ACCESS_EXCLUSIVE


def _mode(phrase: Phrase, action: Action) -> LockMode:
    if action.verb in {"ADD FOREIGN", "ENABLE TRIGGER", "DISABLE TRIGGER"}:
        return LockMode.SHARE_ROW_EXCLUSIVE
    if action.verb in {
        "VALIDATE CONSTRAINT",
        "ATTACH PARTITION",
        "CLUSTER ON",
        "SET WITHOUT",
        "SET (",
        "RESET (",
    }:
        return LockMode.SHARE_UPDATE_EXCLUSIVE
    is_short = phrase.statement.concurrently or phrase.find("FINALIZE", start=action.after) >= 0
    if action.verb == "DETACH PARTITION" and is_short:
        return LockMode.SHARE_UPDATE_EXCLUSIVE
    set_aside = (("SET", "STATISTICS"), ("SET", "("), ("RESET", "("))
    if action.verb == "ALTER COLUMN" and any(phrase.stands(action.after, *words) for words in set_aside):
        return LockMode.SHARE_UPDATE_EXCLUSIVE
    return LockMode.ACCESS_EXCLUSIVE


def _create_table(phrase: Phrase) -> Iterator[Lock]:
    _, index = phrase.target()
    if phrase.stands(index, "PARTITION", "OF"):
        parent, _ = phrase.name(index + 2)
        if parent is not None:
            yield parent, LockMode.ACCESS_EXCLUSIVE
    if "REFERENCES" in phrase.words:
        yield from ((name, LockMode.SHARE_ROW_EXCLUSIVE) for name in references(phrase))


def _create_index(phrase: Phrase) -> Iterator[Lock]:
    concurrently = phrase.statement.concurrently
    yield from _on(phrase, LockMode.SHARE_UPDATE_EXCLUSIVE if concurrently else LockMode.SHARE)


def _on(phrase: Phrase, mode: LockMode, word: str = "ON") -> Iterator[Lock]:
    table, _ = phrase.on(word)
    if table is not None:
        yield table, mode


def _listed(mode: LockMode) -> Callable[[Phrase], Iterator[Lock]]:
    def read(phrase: Phrase) -> Iterator[Lock]:
        weaker = LockMode.SHARE_UPDATE_EXCLUSIVE if phrase.statement.concurrently else mode
        yield from ((name, weaker) for name, _ in phrase.names(phrase.start_of_names()))

    return read


def _on_it(mode: LockMode, word: str = "ON") -> Callable[[Phrase], Iterator[Lock]]:
    return lambda phrase: _on(phrase, mode, word)


def _truncate(phrase: Phrase) -> Iterator[Lock]:
    for name, _ in phrase.names(phrase.skip(1, ("TABLE",))):
        yield name, LockMode.ACCESS_EXCLUSIVE


def _lock(phrase: Phrase) -> Iterator[Lock]:
    index = phrase.find("IN")
    end = phrase.find("MODE") if index >= 0 else -1
    said = " ".join(phrase.words[index + 1 : end]) if end >= 0 else "ACCESS EXCLUSIVE"
    if said in _MODES:
        for name, _ in phrase.names(phrase.skip(1, ("TABLE",))):
            yield name, _MODES[said]


def _comment(phrase: Phrase) -> Iterator[Lock]:
    name, index = phrase.name(3)
    if phrase.stands(1, "ON", "COLUMN"):
        name, _ = phrase.name(3, end=index - 2)  # what stands before .column
    elif not phrase.stands(1, "ON", "TABLE"):
        return
    if name is not None:
        yield name, LockMode.SHARE_UPDATE_EXCLUSIVE


def _vacuum(phrase: Phrase) -> Iterator[Lock]:
    is_full = "FULL" in phrase.words or phrase.kind == "CLUSTER"
    index = 1
    while phrase.stands(index, "("):
        index = phrase.find(")", start=index) + 1
    index = phrase.skip(index, ("FULL",), ("FREEZE",), ("VERBOSE",), ("ANALYZE",))
    for name, _ in phrase.names(index):
        yield name, LockMode.ACCESS_EXCLUSIVE if is_full else LockMode.SHARE_UPDATE_EXCLUSIVE


def _reindex(phrase: Phrase) -> Iterator[Lock]:
    for word, mode in (("TABLE", LockMode.SHARE), ("INDEX", LockMode.ACCESS_EXCLUSIVE)):
        index = phrase.find(word)
        if index > 0:
            name, _ = phrase.name(phrase.skip(index + 1, ("CONCURRENTLY",)))
            if name is not None:
                yield name, LockMode.SHARE_UPDATE_EXCLUSIVE if phrase.statement.concurrently else mode


def _refresh(phrase: Phrase) -> Iterator[Lock]:
    name, _ = phrase.name(phrase.skip(3, ("CONCURRENTLY",)))
    if name is not None:
        yield name, LockMode.EXCLUSIVE if phrase.statement.concurrently else LockMode.ACCESS_EXCLUSIVE


def _create_view(phrase: Phrase) -> Iterator[Lock]:
    name, _ = phrase.target()
    if name is not None and phrase.stands(1, "OR", "REPLACE"):
        yield name, LockMode.ACCESS_EXCLUSIVE


def _rows(*before: str) -> Callable[[Phrase], Iterator[Lock]]:
    def read(phrase: Phrase) -> Iterator[Lock]:
        name, _ = phrase.name(phrase.skip(len(before), ("ONLY",)))
        if name is not None:
            yield name, LockMode.ROW_EXCLUSIVE

    return read


_READERS: dict[str, Callable[[Phrase], Iterator[Lock]]] = {
    "ALTER TABLE": _alter_table,
    "CREATE TABLE": _create_table,
    "CREATE INDEX": _create_index,
    "CREATE VIEW": _create_view,
    **dict.fromkeys(
        ("DROP TABLE", "DROP VIEW", "DROP MATERIALIZED VIEW", "DROP INDEX", "DROP SEQUENCE", "ALTER VIEW",
         "ALTER MATERIALIZED VIEW"),
        _listed(LockMode.ACCESS_EXCLUSIVE),
    ),
    "ALTER INDEX": _listed(LockMode.SHARE_UPDATE_EXCLUSIVE),
    "ALTER SEQUENCE": _listed(LockMode.SHARE_ROW_EXCLUSIVE),
    "CREATE TRIGGER": _on_it(LockMode.SHARE_ROW_EXCLUSIVE),
    **dict.fromkeys(
        ("DROP TRIGGER", "DROP RULE", "CREATE POLICY", "ALTER POLICY", "DROP POLICY"),
        _on_it(LockMode.ACCESS_EXCLUSIVE),
    ),
    "CREATE RULE": _on_it(LockMode.ACCESS_EXCLUSIVE, "TO"),
    "CREATE STATISTICS": _on_it(LockMode.SHARE_UPDATE_EXCLUSIVE, "FROM"),
    "TRUNCATE": _truncate,
    "LOCK": _lock,
    "COMMENT": _comment,
    **dict.fromkeys(("VACUUM", "ANALYZE", "CLUSTER"), _vacuum),
    "REINDEX": _reindex,
    "REFRESH": _refresh,
    "UPDATE": _rows("UPDATE"),
    "DELETE": _rows("DELETE", "FROM"),
    "INSERT": _rows("INSERT", "INTO"),
}  # fmt: skip
