"""Rehearse migrations in a scratch database: measure locks, rewrites and scans; apply, roll back, apply again."""

from runner.review.verify.findings import findings
from runner.review.verify.rehearsal import (
    LongTransaction,
    Rehearsal,
    RoundTrip,
    RowChange,
    StatementsPlanned,
    StatementTrace,
    Surroundings,
    TableLock,
    Verdict,
    Verification,
    Way,
    Weight,
)
from runner.review.verify.rehearse import Ground, not_tried, rehearse, with_all_beyond
from runner.review.verify.seed import Seed
from runner.review.verify.target_stats import look_around
from runner.review.verify.tracing import OneTransactionNeededError

__all__ = [
    "Ground",
    "LongTransaction",
    "OneTransactionNeededError",
    "Rehearsal",
    "RoundTrip",
    "RowChange",
    "Seed",
    "StatementTrace",
    "StatementsPlanned",
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
