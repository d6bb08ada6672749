"""Rehearse migrations in a scratch database: measure locks, rewrites and scans; apply, roll back, apply again."""

from runner.review.verify.beyond import with_all_beyond
from runner.review.verify.contents import Seed
from runner.review.verify.files import OneTransactionNeededError
from runner.review.verify.findings import findings
from runner.review.verify.model import (
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
from runner.review.verify.rehearse import Ground, not_tried, rehearse
from runner.review.verify.surroundings import look_around

__all__ = [
    "Ground",
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
