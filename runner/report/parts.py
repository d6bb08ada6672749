"""What several commands print with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runner.engine.plan import Step
from runner.events import Compared
from runner.files.migrations.migration import Script
from runner.report.terminal import Style
from runner.wording import counted, shortened

ID_WIDTH = 44  # lines are printed one by one, so the column is fixed; longer ids push their duration right


def heading(database: str, place: str, style: Style) -> str:
    """Return the line that opens a database's part."""
    return f"{style(database, 'bold')}  {style(place, 'dim')}"


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
