"""Rehearse migrations on a scratch database: locks, rewrites, scans; prove up, down, up."""

from runner.trace.beyond import with_all_beyond
from runner.trace.contents import Seed
from runner.trace.files import OneTransactionNeededError
from runner.trace.findings import findings
from runner.trace.model import (
    LockMode,
    LongTransaction,
    Rehearsal,
    RoundTrip,
    RowChange,
    StatementTrace,
    Surroundings,
    TableLock,
    Verdict,
    Verification,
    Way,
    Weight,
)
from runner.trace.rehearse import Ground, not_tried, rehearse
from runner.trace.surroundings import look_around

__all__ = [
    "Ground",
    "LockMode",
    "LongTransaction",
    "OneTransactionNeededError",
    "Rehearsal",
    "RoundTrip",
    "RowChange",
    "Seed",
    "StatementTrace",
    "Surroundings",
    "TableLock",
    "Verdict",
    "Verification",
    "Way",
    "Weight",
    "findings",
    "look_around",
    "not_tried",
    "rehearse",
    "with_all_beyond",
]
