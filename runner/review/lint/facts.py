"""What a file has done before the statement at hand, and the schema that the files before it made."""

from __future__ import annotations

from dataclasses import dataclass, field

from runner.files.migrations.migration import Script
from runner.files.sqltext.alter_table import actions
from runner.files.sqltext.lock_modes import LockMode
from runner.files.sqltext.phrase import Name, Phrase
from runner.review.lint.locks import locks
from runner.review.lint.replay import into, learn
from runner.review.lint.schema import Schema

_KINDS = (
    "TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE", "INDEX", "TYPE", "DOMAIN",
)  # fmt: skip
_MAKES = frozenset(f"CREATE {kind}" for kind in _KINDS)
_RENAMES = frozenset(f"ALTER {kind}" for kind in _KINDS)
_ROUTINES = frozenset({"CREATE FUNCTION", "CREATE PROCEDURE"})
_NAMES_AN_INDEX = frozenset({"DROP INDEX", "ALTER INDEX", "DROP SEQUENCE", "ALTER SEQUENCE", "REINDEX"})
# of those whose offset is 0 all year. Source: TimestampTimestampTzRequiresRewrite in the server's timestamp.c
_UTC = frozenset({"UTC", "GMT", "UCT", "ZULU", "ETC/UTC", "ETC/GMT", "0"})


@dataclass(slots=True)
class Facts:
    """What one file did so far."""

    script: Script
    schema: Schema
    undoes: Facts | None = None  # what the file did that this one undoes
    created: dict[str, list[Name]] = field(default_factory=dict)  # by bare name
    added_values: dict[str, Name] = field(default_factory=dict)  # literal → its type
    not_valid: set[str] = field(default_factory=set)  # constraints
    takes_from_public: bool = False  # it revokes a right from PUBLIC
    is_utc: bool | None = (
        None  # the file sets a time zone, and timestamp and timestamptz are the same bytes in it; None: it sets none
    )
    exclusive: Name | None = None  # the existing relation that is locked against everyone, the first of them

    def is_new(self, name: Name | None) -> bool:
        """Return whether this file made it, so that nobody else can see it yet; what cannot be named counts too."""
        return name is None or any(made.may_be(name) for made in self.created.get(name.name, ()))

    def note(self, phrase: Phrase) -> None:
        """Remember what a statement does."""
        if self.script.transactional and self.exclusive is None:
            self.exclusive = self._locked(phrase)
        if phrase.kind in _MAKES:
            self._note_made(phrase)
        elif phrase.kind in _RENAMES:
            self._note_renamed(phrase)
        if phrase.kind == "ALTER TABLE":
            self._note_not_valid(phrase)
        elif phrase.kind == "ALTER TYPE":
            self._note_value(phrase)
        elif phrase.kind in {"SET", "RESET"}:
            self._note_time_zone(phrase)
        elif phrase.kind in _ROUTINES:
            self._add(phrase.target()[0])
        elif phrase.kind in {"REVOKE", "ALTER DEFAULT PRIVILEGES"}:
            self.takes_from_public |= phrase.find("REVOKE") >= 0 and "PUBLIC" in phrase.words
        elif (made := into(phrase)) is not None:
            self._add(made)
        learn(phrase, self.schema)

    def table_of(self, phrase: Phrase, name: Name) -> Name | None:
        """Return the table that a lock on a name is about: an index is its table's; None where that is not known."""
        owner = self.schema.owner(name)
        if owner is not None:
            return owner
        return None if phrase.kind in _NAMES_AN_INDEX and self.schema.table(name) is None else name

    def _locked(self, phrase: Phrase) -> Name | None:
        for name, mode in locks(phrase):
            if mode is LockMode.ACCESS_EXCLUSIVE and not self.is_new(name):
                table = self.table_of(phrase, name)
                if table is not None and not self.is_new(table):
                    return table
        return None

    def _note_time_zone(self, phrase: Phrase) -> None:
        """Read SET TIME ZONE and SET timezone, and what takes them back."""
        index = phrase.skip(phrase.skip(1, ("LOCAL",)), ("SESSION",))
        if phrase.stands(index, "TIME", "ZONE"):
            index += 2
        elif phrase.stands(index, "TIMEZONE"):
            index += 2 if phrase.kind == "SET" else 1  # SET … TO, or =
        elif not phrase.stands(index, "ALL"):
            return
        zone = " ".join(phrase.words[index:]).strip("'\"").upper()
        is_set = phrase.kind == "SET" and zone not in {"DEFAULT", "LOCAL"}
        self.is_utc = zone in _UTC if is_set else None

    def _add(self, name: Name | None) -> None:
        if name is not None:
            self.created.setdefault(name.name, []).append(name)

    def _note_made(self, phrase: Phrase) -> None:
        name, index = phrase.target()
        is_made = phrase.find("IF", "NOT", "EXISTS", end=index) < 0 or self.schema.table(name) is None
        if is_made:
            self._add(name)

    def _note_renamed(self, phrase: Phrase) -> None:
        name, index = phrase.target()
        if name is None or name.name not in self.created or not self.is_new(name):
            return
        if phrase.stands(index, "RENAME", "TO"):
            new = phrase.name(index + 2)[0]
            self._add(None if new is None else Name(name.schema, new.name))
        elif phrase.stands(index, "SET", "SCHEMA"):
            new = phrase.name(index + 2)[0]
            self._add(None if new is None else Name(new.name, name.name))

    def _note_not_valid(self, phrase: Phrase) -> None:
        for action in actions(phrase):
            is_added = action.verb in {"ADD CHECK", "ADD FOREIGN", "ADD NOT"} and action.name is not None
            if is_added and phrase.find("NOT", "VALID", start=action.after, end=action.end) >= 0:
                self.not_valid.add(action.name or "")

    def _note_value(self, phrase: Phrase) -> None:
        type_, index = phrase.target()
        if type_ is None or not phrase.stands(index, "ADD", "VALUE") or self.is_new(type_):
            return
        index = phrase.skip(index + 2, ("IF", "NOT", "EXISTS"))
        if index < len(phrase.words):
            self.added_values[phrase.words[index]] = type_
