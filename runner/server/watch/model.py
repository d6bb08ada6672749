"""What a second connection sees of a statement that is not done yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A session that we wait for, or that such a session waits for; None is what the server does not show us."""

    pid: int | None  # None: a prepared transaction, which has no session
    user: str | None = None
    application: str | None = None
    background: str | None = None  # "autovacuum worker" and the like; None for a client
    state: str | None = None  # active, idle in transaction, …
    transaction_age_s: float | None = None
    statement: str | None = None  # its beginning, without literals
    prepared: str | None = None  # the name that PREPARE TRANSACTION gave
    direct: bool = True  # it keeps us waiting itself, not only by way of another
    waits_for: tuple[int, ...] = ()  # sessions that it waits for itself

    @property
    def visible(self) -> bool:
        """Whether the server shows us what the session does."""
        return self.prepared is not None or self.statement is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A row of a pg_stat_progress_* view; the per cent are those of the phase, for the server knows no more."""

    command: str
    relation: str | None  # None when the table was made by the transaction that is watched
    phase: str
    done: int | None = None
    total: int | None = None
    unit: str = "blocks"

    @property
    def percent(self) -> float | None:
        """How much of the phase is done."""
        if not self.total or self.done is None:
            return None
        return min(100.0 * self.done / self.total, 100.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Our statement waits for a lock."""

    what: str
    waited_s: float
    kind: str  # relation, transactionid, virtualxid, …: pg_locks.locktype
    mode: str  # as SQL writes it: ACCESS EXCLUSIVE
    wanted: str | None  # the object's name; None when it has none, or none that we can see
    holders: tuple[Holder, ...] = ()  # those that wait for nobody come first
    queued_behind: int = 0  # sessions that wait for us, one behind another
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Our statement runs; `progress` is there for the commands that the server reports on."""

    what: str
    elapsed_s: float
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Our statement is not done, and a second connection cannot be had."""

    what: str
    elapsed_s: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A statement that was reported has finished, or failed."""

    what: str


Sighting = Waiting | Running | Unseen | Over
