"""What a file has done before the statement at hand, and the files before it."""

from __future__ import annotations

from dataclasses import dataclass, field

from runner.lint.alter import Action, actions
from runner.lint.locks import Mode, locks
from runner.lint.phrase import Name, Phrase
from runner.migrations import Script

_MAKES = frozenset(
    f"CREATE {kind}"
    for kind in ("TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE", "INDEX", "TYPE", "DOMAIN")
)


@dataclass(slots=True)
class World:
    """What the files so far say of a database's tables."""

    not_null: dict[tuple[str, str], str] = field(default_factory=dict)  # table and constraint → column
    proven: set[tuple[str, str]] = field(default_factory=set)  # table and column that hold no NULL
    checked: set[str] = field(default_factory=set)  # tables with a CHECK


@dataclass(slots=True)
class Facts:
    """What one file did so far."""

    script: Script
    world: World
    created: dict[str, list[Name]] = field(default_factory=dict)  # by bare name
    added_values: dict[str, str] = field(default_factory=dict)  # literal → its type
    not_valid: set[str] = field(default_factory=set)  # constraints
    exclusive: Name | None = None  # the existing relation that is locked against everyone, the first of them

    def is_new(self, name: Name | None) -> bool:
        """Say whether this file made it, so that nobody else can see it yet; what cannot be named counts too."""
        return name is None or any(made.may_be(name) for made in self.created.get(name.name, ()))

    def note(self, phrase: Phrase) -> None:
        """Remember what a statement does."""
        if phrase.kind in _MAKES:
            made, _ = phrase.target()
            self._note_made(made)
            if made is not None and phrase.kind == "CREATE TABLE" and "CHECK" in phrase.words:
                self.world.checked.add(made.name)
        elif phrase.kind == "ALTER TABLE":
            self._note_alter(phrase)
        elif phrase.kind == "ALTER TYPE":
            self._note_value(phrase)
        if self.script.transactional and self.exclusive is None:
            self.exclusive = next(
                (n for n, mode in locks(phrase) if mode is Mode.ACCESS_EXCLUSIVE and not self.is_new(n)), None
            )

    def _note_made(self, name: Name | None) -> None:
        if name is not None:
            self.created.setdefault(name.name, []).append(name)

    def _note_alter(self, phrase: Phrase) -> None:
        table, _ = phrase.target()
        if table is None:
            return
        for action in actions(phrase):
            if action.verb == "RENAME TO" and self.is_new(table):
                self._note_made(phrase.name(action.after)[0])
            elif action.verb in {"ADD CHECK", "ADD FOREIGN", "ADD NOT"}:
                self._note_constraint(phrase, action, table)
            elif action.verb == "VALIDATE CONSTRAINT":
                self.world.checked.add(table.name)
                column = self.world.not_null.get((table.name, action.name or ""))
                if column is not None:
                    self.world.proven.add((table.name, column))

    def _note_constraint(self, phrase: Phrase, action: Action, table: Name) -> None:
        column, name = _never_null(phrase, action.after), action.name or ""
        if column is not None:
            self.world.not_null[table.name, name] = column
        if phrase.find("NOT", "VALID", start=action.after, end=action.end) >= 0:
            self.not_valid.add(name)
            return
        self.world.checked.add(table.name)
        if column is not None:
            self.world.proven.add((table.name, column))

    def _note_value(self, phrase: Phrase) -> None:
        type_, index = phrase.target()
        if not phrase.stands(index, "ADD", "VALUE") or self.is_new(type_):
            return
        index = phrase.skip(index + 2, ("IF", "NOT", "EXISTS"))
        if index < len(phrase.words):
            self.added_values[phrase.words[index]] = str(type_)


def _never_null(phrase: Phrase, index: int) -> str | None:
    """Return the column of CHECK (column IS NOT NULL), or of NOT NULL column."""
    is_check = phrase.stands(index, "CHECK", "(")
    column, after = phrase.name(index + 2)
    if column is None:
        return None
    if is_check:
        return column.name if phrase.stands(after, "IS", "NOT", "NULL", ")") else None
    return column.name if phrase.stands(index, "NOT", "NULL") else None
