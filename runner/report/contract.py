"""Results as JSON: a contract that programs rely on; fields are added, never changed or removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.engine.plan import Situation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from runner.commands.baseline import Adoption
    from runner.commands.doctor import Examined
    from runner.commands.migrate import Outcome
    from runner.commands.plan import PlanListing
    from runner.commands.repair import Mended
    from runner.commands.snapshot import Snapshot
    from runner.commands.status import Status
    from runner.commands.validate import Validated
    from runner.commands.wait import Waited
    from runner.engine.apply.progress import Done
    from runner.engine.history.model import Partial
    from runner.engine.plan import Standing, Step
    from runner.files.migrations.scaffold import NewPair
    from runner.schema.validate.compare import Validation


def outcomes(results: Sequence[Outcome], *, dry_run: bool) -> dict[str, Any]:
    """Return what `migrate` and `rollback` did."""
    return {
        "dry_run": dry_run,
        "databases": [
            {
                "database": result.database,
                "steps": [done_step(done) for done in result.done]
                if not dry_run
                else [_step(step) for step in result.plan.steps],
                "pending": result.plan.left if not dry_run else result.plan.left + len(result.plan.steps),
                "newest": result.newest,
                "warnings": list(result.plan.warnings),
                "validation": None if result.validation is None else validation(result.validation),
                "backup": None if result.backup is None else result.backup.label,
                "duration_ms": round(result.elapsed_s * 1000),
            }
            for result in results
        ],
    }


def done_step(done: Done) -> dict[str, Any]:
    """Return one step that is committed."""
    return _step(done.step) | {"duration_ms": round(done.elapsed_s * 1000), "rows": done.rows}


def status(results: Sequence[Status]) -> dict[str, Any]:
    """Return where each database stands."""
    return {
        "databases": [
            {
                "database": result.database,
                "current": result.is_current,
                "newest": result.newest,
                "counts": {
                    situation.value: len(result.comparison.all_in(situation))
                    for situation in Situation
                    if result.comparison.all_in(situation)
                },
                "lock": None
                if result.lock_holder is None
                else {
                    "pid": result.lock_holder.pid,
                    "application": result.lock_holder.application,
                    "user": result.lock_holder.user,
                    "client": result.lock_holder.client,
                },
                "remark": result.remark,
                "yoyo_lock": None if result.yoyo_lock is None else {"pid": result.yoyo_lock.pid},
                "migrations": [_standing(standing) for standing in result.comparison.standings],
            }
            for result in results
        ]
    }


def plans(results: Sequence[PlanListing]) -> dict[str, Any]:
    """Return the SQL that would be run."""
    return {
        "databases": [
            {
                "database": result.database,
                "steps": [_step(step) | {"sql": step.script.text} for step in result.plan.steps],
                "pending": result.plan.left,
                "warnings": list(result.plan.warnings),
            }
            for result in results
        ]
    }


def validations(results: Sequence[Validated]) -> dict[str, Any]:
    """Return how each database compares with its snapshot."""
    return {
        "databases": [
            {
                "database": r.database,
                **validation(r.validation),
                "concerns": [
                    {"kind": c.kind, "subject": c.subject, "message": c.message, "remedy": c.remedy}
                    for c in r.concerns
                ],
            }
            for r in results
        ]
    }


def validation(result: Validation) -> dict[str, Any]:
    """Return one comparison."""
    return {
        "snapshot": result.snapshot,
        "against": result.against,
        "pending": result.pending,
        "matches": None if result.skipped is not None else result.matches,
        "skipped": result.skipped,
        "beside": list(result.beside),
        "unseen": list(result.unseen),
        "set_aside": list(result.set_aside),
        "differences": [
            {
                "kind": difference.kind,
                "identity": difference.identity,
                "change": str(difference.change),
                "expected_sql": difference.expected_sql,
                "actual_sql": difference.actual_sql,
                "migration": origin,
            }
            for difference, origin in zip(result.differences, result.origins, strict=True)
        ],
        "diff": result.diff,
    }


def snapshots(results: Sequence[Snapshot]) -> dict[str, Any]:
    """Return what was written."""
    return {
        "databases": [
            {"database": r.database, "path": r.path, "changed": r.changed, "diff": r.diff} for r in results
        ]
    }


def adoption(result: Adoption) -> dict[str, Any]:
    """Return what a baseline recorded."""
    return {
        "database": result.database,
        "recorded": list(result.recorded),
        "others": result.others,
        "differences": [str(difference) for difference in result.differences],
    }


def mended(result: Mended) -> dict[str, Any]:
    """Return what a repair recorded."""
    return {
        "database": result.database,
        "operation": result.operation.value,
        "id": result.id,
        "old_id": result.old_id,
        "what": result.what,
    }


def waited(results: Sequence[Waited], what: str) -> dict[str, Any]:
    """Return what was waited for."""
    return {
        "waited_for": what,
        "databases": [{"database": r.database, "duration_ms": round(r.elapsed_s * 1000)} for r in results],
    }


def examined(results: Sequence[Examined]) -> dict[str, Any]:
    """Return what was found."""
    return {
        "databases": [
            {
                "database": result.database,
                "findings": [
                    {
                        "subject": finding.subject,
                        "level": finding.level.value,
                        "message": finding.message,
                        "remedy": finding.remedy,
                    }
                    for finding in result.findings
                ],
            }
            for result in results
        ]
    }


def new_pair(pair: NewPair) -> dict[str, Any]:
    """Return the files that were written."""
    return {"id": pair.id, "apply": str(pair.apply), "rollback": str(pair.rollback)}


def _step(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "action": step.action.value,
        "path": step.script.label,
        "checksum": step.script.checksum,
        "transactional": step.script.transactional,
    }


def _standing(standing: Standing) -> dict[str, Any]:
    applied, migration = standing.applied, standing.migration
    return {
        "id": standing.id,
        "situation": standing.situation.value,
        "kind": migration.kind.value
        if migration is not None
        else applied.kind
        if applied is not None
        else None,
        "path": None if migration is None else migration.apply.label,
        "checksum": None if migration is None else migration.checksum,
        "applied_at": None if applied is None else _moment(applied.recorded_at or applied.applied_at),
        "applied_by": None if applied is None else applied.actor,
        "db_user": None if applied is None else applied.db_user,
        "host": None if applied is None else applied.host,
        "git_commit": None if applied is None else applied.git_commit,
        "applied_checksum": None if applied is None else applied.checksum,
        "duration_ms": None if applied is None else applied.duration_ms,
        "rows": None if applied is None else applied.rows_affected,
        "partial": None if standing.partial is None else _partial(standing.partial),
        "failure": None if standing.failure is None else standing.failure.reason,
        "failure_of_this_version": standing.failed_as_it_is,
        "reversible": _reversible(standing),
    }


def _partial(partial: Partial) -> dict[str, Any]:
    return {
        "direction": partial.direction,
        "statements_done": partial.done,
        "statements": partial.total,
        "in_doubt": partial.in_doubt,
        "batch_rows": partial.batch_rows,
        "begun_at": _moment(partial.begun_at),
        "actor": partial.actor,
    }


def _reversible(standing: Standing) -> bool:
    if standing.migration is not None:
        return standing.migration.rollback is not None and standing.migration.irreversible is None
    return standing.applied is not None and standing.applied.reversible


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
