"""An error as a person and as a program read it."""

from __future__ import annotations

from typing import Any

from runner.errors import Location, RunnerError
from runner.report.terminal import Style

_WINDOW = 100  # a longer source line is shown around its caret only


def error_as_text(error: RunnerError, style: Style) -> str:
    """Render message, place, source line with caret, detail and hint."""
    lines = [f"{style('error:', 'red', 'bold')} {style(error.message, 'bold')}"]
    if error.where is not None:
        lines.append(f"  at {error.where}")
        lines.extend(_excerpt(error.where, style))
    for label, text in (("detail", error.detail), ("hint", error.advice)):
        if text:
            first, *rest = text.splitlines()
            lines.append(f"  {style(label + ':', 'cyan')} {first}")
            lines.extend(f"    {line}" for line in rest)
    return "\n".join(lines)


def error_as_line(error: RunnerError) -> str:
    """Render message, place, detail and hint as one line, for those who have room for one."""
    place = "" if error.where is None else f" at {error.where}"
    parts = (f"error: {error.message}{place}", error.detail, error.advice)
    return " | ".join(" ".join(part.split()) for part in parts if part)


def error_as_json(error: RunnerError) -> dict[str, Any]:
    """Return the error as the JSON contract shows it."""
    where = None
    if error.where is not None:
        where = {"path": str(error.where.path), "line": error.where.line, "column": error.where.column}
    return {
        "kind": error.kind,
        "message": error.message,
        "database": error.database,
        "where": where,
        "detail": error.detail,
        "hint": error.advice,
        "sqlstate": error.sqlstate,
        "exit_code": error.exit_code,
    }


def _excerpt(where: Location, style: Style) -> list[str]:
    if where.text is None or where.line is None:
        return []
    text, column = where.text, where.column
    if len(text) > _WINDOW:
        start = max(0, (column or 1) - 1 - _WINDOW // 2)
        text = ("…" if start else "") + text[start : start + _WINDOW] + "…"
        column = None if column is None else column - start + (1 if start else 0)
    gutter = f"{where.line:>8} | "
    lines = [style(gutter, "dim") + text]
    if column is not None:
        # tabs stay tabs, so that the caret stands under its character at any tab width
        pad = "".join(c if c == "\t" else " " for c in text[: column - 1])
        lines.append(" " * 9 + style("| ", "dim") + pad + style("^", "red", "bold"))
    return lines
