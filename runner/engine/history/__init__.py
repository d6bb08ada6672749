"""What has been applied: yoyo's tables and ours, the migration lock, yoyo's order. The only user of yoyo."""

from typing import TYPE_CHECKING

from runner.deferred import deferred
from runner.engine.history.model import (
    Applied,
    Failure,
    LockHolder,
    Operation,
    Partial,
    Server,
    State,
    StoredSql,
    YoyoLock,
)
from runner.engine.history.names import BACKUP_KEY, MAINTENANCE_KEY, WANTED_KEY, Names
from runner.engine.history.order import in_order
from runner.engine.history.store import History, OnWait

if TYPE_CHECKING:
    from runner.engine.history.actor import Actor
    from runner.engine.history.journal import Direction, Journal, JournalStep
    from runner.engine.history.message import Record, after, before, committing, recording, reset_session
    from runner.engine.history.neighbours import Neighbours, find_neighbours, has_entries, tool_of
    from runner.engine.history.prepared import Prepared
    from runner.engine.history.trail import Entry, read_trail
else:
    __getattr__ = deferred(
        __name__,
        actor=("Actor",),
        journal=("Direction", "Journal", "JournalStep"),
        message=("Record", "after", "before", "committing", "recording", "reset_session"),
        neighbours=("Neighbours", "find_neighbours", "has_entries", "tool_of"),
        prepared=("Prepared",),
        trail=("Entry", "read_trail"),
    )

__all__ = [
    "BACKUP_KEY",
    "MAINTENANCE_KEY",
    "WANTED_KEY",
    "Actor",
    "Applied",
    "Direction",
    "Entry",
    "Failure",
    "History",
    "Journal",
    "JournalStep",
    "LockHolder",
    "Names",
    "Neighbours",
    "OnWait",
    "Operation",
    "Partial",
    "Prepared",
    "Record",
    "Server",
    "State",
    "StoredSql",
    "YoyoLock",
    "after",
    "before",
    "committing",
    "find_neighbours",
    "has_entries",
    "in_order",
    "read_trail",
    "recording",
    "reset_session",
    "tool_of",
]
