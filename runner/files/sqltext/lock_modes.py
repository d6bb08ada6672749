"""PostgreSQL's modes of table locks."""

from __future__ import annotations

from enum import IntEnum


class LockMode(IntEnum):
    """PostgreSQL's modes of table locks, weakest first.

    Source: PostgreSQL manual, "Explicit Locking", table "Conflicting Lock Modes".
    """

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    @classmethod
    def of(cls, name: str) -> LockMode:
        """Return the mode that pg_locks calls AccessExclusiveLock and the like."""
        return _MODES[name]

    def __str__(self) -> str:
        return self.name.replace("_", " ")

    @property
    def stops_writes(self) -> bool:
        """Whether INSERT, UPDATE and DELETE wait for it, as they need ROW EXCLUSIVE."""
        return self >= LockMode.SHARE

    @property
    def stops_reads(self) -> bool:
        """Whether SELECT waits for it, as it needs ACCESS SHARE."""
        return self is LockMode.ACCESS_EXCLUSIVE


_MODES = {f"{mode.name.title().replace('_', '')}Lock": mode for mode in LockMode}
