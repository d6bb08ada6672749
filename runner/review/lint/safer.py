"""What a rule's safer form of one statement is written from: its words, and what was measured of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from runner.files.sqltext.alter_table import Action
from runner.files.sqltext.phrase import Phrase

_PLAIN = re.compile(r"[^\W\d][\w$…]*")
VALIDATE_NEXT = "-- in the next file; reads and writes go on:"


@dataclass(frozen=True, slots=True)
class Change:
    """A statement, or one action of an ALTER TABLE, as it was rehearsed."""

    phrase: Phrase
    action: Action | None = None
    rewrites: bool = False  # whether it rewrote a table
    partitioned: Collection[str] = ()  # tables that it locked against writes, without their schemas

    @property
    def verb(self) -> str:
        """What the action does, as `alter.actions` calls it; nothing where there is none."""
        return "" if self.action is None else self.action.verb

    @property
    def table(self) -> str:
        """The table, as it is written."""
        return self.name_at(self.phrase.start_of_names())

    @property
    def name(self) -> str:
        """The column or constraint of the action, as it is written; nothing where it has no name."""
        if self.action is None or self.action.name is None:
            return ""
        constraint = self.phrase.find("CONSTRAINT", start=self.action.start, end=self.action.after)
        if constraint >= 0 and self.verb != "ADD COLUMN":
            return self.name_at(constraint + 1)
        return self.text(self.action.after - 1, self.action.after)

    @property
    def rest(self) -> str:
        """What follows the action's name."""
        return "" if self.action is None else self.text(self.action.after, self.action.end)

    def text(self, start: int, end: int | None = None) -> str:
        """Return some tokens as they are written, with one space where there is any."""
        written, at = "", None
        for token in self.phrase.tokens[start:end]:
            written += token.text if at in {None, token.start} else f" {token.text}"
            at = token.start + len(token.text)
        return written.rstrip(" ;")

    def name_at(self, index: int) -> str:
        """Return the name at an index, with its schema if that is written."""
        return self.text(index, self.phrase.name(index)[1])

    def has(self, *words: str) -> int:
        """Return the index of these words in the action, -1 if it does not have them."""
        if self.action is None:
            return -1
        return self.phrase.find(*words, start=self.action.after, end=self.action.end)

    def is_partitioned(self, table: str | None = None) -> bool:
        """Return whether it locks a partitioned table, or with a `table` whether that is one."""
        return bool(self.partitioned) and (table is None or bare(table) in self.partitioned)


def bare(name: str) -> str:
    """Return a name without its schema and quotes."""
    return name.rpartition(".")[2].strip('"')


def made_name(*parts: str) -> str:
    """Return a name made of others, quoted where it has to be."""
    name = "_".join(bare(part) for part in parts)
    return name if _PLAIN.fullmatch(name) else f'"{name}"'


def schema_of(name: str) -> str:
    """Return the schema of a name, with the dot after it."""
    return "".join(name.rpartition(".")[:2])


def validated_later(change: Change, name: str, constraint: str) -> str:
    """Return a constraint in two files: NOT VALID, and its proof."""
    table = change.table
    if constraint.upper().startswith("FOREIGN") and change.is_partitioned(table):
        return (
            f"-- on each partition, since PostgreSQL before 18 refuses NOT VALID for a foreign key of a partitioned table:\n"
            f"ALTER TABLE …\n    ADD CONSTRAINT {name}\n    {constraint} NOT VALID;\n"
            f"-- in the next file, for each; reads and writes go on:\nALTER TABLE … VALIDATE CONSTRAINT {name};\n"
            f"-- in the one after it; it takes over those of the partitions and reads no row:\n"
            f"ALTER TABLE {table}\n    ADD CONSTRAINT {name}\n    {constraint};"
        )
    return (
        f"ALTER TABLE {table}\n    ADD CONSTRAINT {name}\n    {constraint} NOT VALID;\n"
        f"{VALIDATE_NEXT}\nALTER TABLE {table} VALIDATE CONSTRAINT {name};"
    )


def reference_of_column(change: Change) -> tuple[int, int] | None:
    """Return where the REFERENCES of a new column starts and ends.

    Source: PostgreSQL manual, CREATE TABLE, column_constraint.
    """
    phrase, start = change.phrase, change.has("REFERENCES")
    if start < 0 or change.action is None:
        return None
    _, index = phrase.name(start + 1)
    if phrase.stands(index, "("):
        index = phrase.find(")", start=index) + 1
    while index < change.action.end:
        size = next((len(words) for words in _OF_REFERENCES if phrase.stands(index, *words)), 0)
        if not size:
            break
        index += size
    return start, index


_OF_REFERENCES = (
    *(("MATCH", how) for how in ("FULL", "PARTIAL", "SIMPLE")),
    *(
        ("ON", when, *what)
        for when in ("DELETE", "UPDATE")
        for what in (("CASCADE",), ("RESTRICT",), ("NO", "ACTION"), ("SET", "NULL"), ("SET", "DEFAULT"))
    ),
    ("NOT", "DEFERRABLE"),
    ("DEFERRABLE",),
    ("INITIALLY", "DEFERRED"),
    ("INITIALLY", "IMMEDIATE"),
)


def foreign_key_of_column(change: Change) -> str:
    """Return the foreign key of a new column as a constraint of its own."""
    found = reference_of_column(change)
    if found is None:
        return ""
    name = made_name(change.table, change.name, "fkey")
    later = validated_later(change, name, f"FOREIGN KEY ({change.name}) {change.text(*found)}")
    alone = (
        ""
        if change.is_partitioned(change.table)
        else "-- in a file of its own, since it locks both tables:\n"
    )
    return f"{alone}{later}"
