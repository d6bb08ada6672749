"""What several commands print with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from runner.engine.plan import Step
from runner.events import BackupTaken, Compared
from runner.files.migrations.migration import Script
from runner.report.terminal import Style
from runner.wording import counted, shortened

if TYPE_CHECKING:
    from runner.schema.validate.compare import Validation

ID_WIDTH = 44  # lines are printed one by one, so the column is fixed; longer ids push their duration right


def diff_lines(diff: str, style: Style) -> Iterator[str]:
    """Yield a unified diff in its usual colours."""
    for line in diff.splitlines():
        colour = (
            "green"
            if line.startswith("+")
            else "red"
            if line.startswith("-")
            else "cyan"
            if line.startswith("@@")
            else ""
        )
        yield style(line, colour) if colour else line


def at(newest: str | None) -> str:
    """Return where a database stands, as the end of a sentence."""
    return f"; at {newest}" if newest else "; empty"


def mode(script: Script) -> str:
    """Return how a file runs that is not one transaction."""
    if script.batch is not None:
        return "in batches"
    return (
        "not transactional" if script.parallel == 1 else f"not transactional, {script.parallel} connections"
    )


def step_as_json(step: Step) -> dict[str, Any]:
    """Return one step of a plan."""
    return {
        "id": step.id,
        "action": step.action.value,
        "path": step.script.label,
        "checksum": step.script.checksum,
        "transactional": step.script.transactional,
    }


def compared_line(compared: Compared, style: Style) -> str:
    """Return how a schema compares with its snapshot."""
    left = f"; {compared.pending} still pending" if compared.pending else ""
    if compared.skipped is not None:
        return style(f"not validated: {compared.skipped}", "yellow")
    if compared.matches:
        extra = f"; beside it: extension {', '.join(compared.beside)}" if compared.beside else ""
        if compared.unseen:
            extra += f"; not compared: {shortened(compared.unseen)}"
        if compared.set_aside:
            extra += f"; set aside: {', '.join(compared.set_aside)}"
        return style(f"schema validated against {compared.against}", "green") + left + extra
    return style(f"{counted(compared.differences, 'difference')} from {compared.against}", "red") + left


def backup_as_json(result: BackupTaken) -> dict[str, Any]:
    """Return one new backup."""
    return {
        "database": result.database,
        "archive": result.label,
        "taken_at": result.taken_at.isoformat(),
        "schema_only": result.schema_only,
        "size_bytes": result.size_bytes,
        "sha256": result.sha256,
        "newest_migration": result.newest,
        "removed": list(result.removed),
        "duration_ms": round(result.elapsed_s * 1000),
    }


def validation_as_json(result: Validation) -> dict[str, Any]:
    """Return one comparison."""
    return {
        "snapshot": result.snapshot,
        "against": result.against,
        "pending": result.pending,
        "matches": None if result.skipped is not None else result.matches,
        "skipped": result.skipped,
        "cause": result.cause,
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
