"""A verification as JSON: a contract that programs rely on; fields are added, never changed or removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.redaction import redacted
from runner.report.failure import error_as_json
from runner.report.findings import finding_as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.review.verify import (
        Rehearsal,
        RoundTrip,
        StatementsPlanned,
        StatementTrace,
        Surroundings,
        TableLock,
        Verification,
    )
    from runner.schema.catalog.objects import Difference


def document(results: Sequence[Verification]) -> dict[str, Any]:
    """Return all that was measured."""
    return {"ok": all(result.ok for result in results), "databases": [_database(r) for r in results]}


def _database(result: Verification) -> dict[str, Any]:
    return {
        "database": result.database,
        "ok": result.ok,
        "server_version": result.server_version,
        "replayed": result.replayed,
        "seed": result.seed,
        "seed_rows": result.seed_rows,
        "seed_refused": list(result.seed_refused),
        "duration_ms": round(result.elapsed_s * 1000),
        "commit": result.commit,
        "begun_at": None if result.begun_at is None else result.begun_at.isoformat(timespec="seconds"),
        "migrations": [_rehearsal(rehearsal) for rehearsal in result.rehearsals],
        "findings": [finding_as_json(finding) for finding in result.findings],
        "statements": None if result.statements is None else _statements(result.statements),
        "target": None if result.surroundings is None else _surroundings(result.surroundings),
    }


def _statements(found: StatementsPlanned) -> dict[str, Any]:
    return {
        "source": found.source,
        "planned": found.count,
        "role": found.role,
        "not_planned": [{"name": name, "reason": why} for name, why in found.not_planned],
    }


def _rehearsal(rehearsal: Rehearsal) -> dict[str, Any]:
    return {
        "id": rehearsal.id,
        "ok": rehearsal.ok,
        "kind": rehearsal.kind.value,
        "path": rehearsal.path,
        "rollback_path": rehearsal.rollback_path,
        "transactional": rehearsal.transactional,
        "duration_ms": round(rehearsal.elapsed_s * 1000),
        "round_trip": _round_trip(rehearsal.round_trip),
        "changes": _differences(rehearsal.changes),
        "diff": rehearsal.diff,
        "statements": [_statement(trace) for trace in rehearsal.statements],
    }


def _round_trip(trip: RoundTrip) -> dict[str, Any]:
    return {
        "verdict": trip.verdict.value,
        "reason": trip.reason,
        "loses": list(trip.loses),
        "changed_rows": sorted(c.relation for c in trip.changed_rows if c.remedy is None),
        "notes": list(trip.notes),
        "column_order": list(trip.column_order),
        "after_rollback": _differences(trip.after_rollback),
        "rollback_diff": trip.rollback_diff,
        "after_again": _differences(trip.after_again),
        "again_diff": trip.again_diff,
        "failed_on": None if trip.failed_on is None else trip.failed_on.value,
        "error": None if trip.error is None else error_as_json(trip.error),
    }


def _statement(trace: StatementTrace) -> dict[str, Any]:
    return {
        "number": trace.number,
        "sql": redacted(trace.text),
        "line": trace.where.line,
        "column": trace.where.column,
        "locks": [_lock(lock) for lock in trace.locks],
        "held": [_lock(lock) for lock in trace.held],
        "rewritten": list(trace.rewritten),
        "emptied": list(trace.emptied),
        "scanned": list(trace.scanned),
        "built": list(trace.built),
        "dropped": list(trace.dropped),
        "rows": trace.rows,
        "wal_bytes": trace.wal_bytes,
        "duration_ms": round(trace.elapsed_ms, 3),
        "alone": trace.is_alone,
        "watched": trace.watched,
    }


def _lock(lock: TableLock) -> dict[str, str]:
    return {"relation": lock.relation, "kind": lock.kind, "mode": str(lock.mode)}


def _differences(differences: Sequence[Difference]) -> list[dict[str, Any]]:
    return [
        {
            "kind": difference.kind,
            "identity": difference.identity,
            "change": str(difference.change),
            "expected_sql": difference.expected_sql,
            "actual_sql": difference.actual_sql,
        }
        for difference in differences
    ]


def _surroundings(found: Surroundings) -> dict[str, Any]:
    return {
        "place": found.place,
        "tables": [
            {
                "relation": weight.relation,
                "rows": weight.rows,
                "size_bytes": weight.size_bytes,
                "writes_per_s": weight.writes_per_s,
            }
            for weight in found.weights
        ],
        "long_transactions": [
            {
                "pid": held.pid,
                "user": held.user,
                "application": held.application,
                "age_s": round(held.age_s),
                "state": held.state,
            }
            for held in found.long_transactions
        ],
        "replicas": list(found.replicas),
    }
