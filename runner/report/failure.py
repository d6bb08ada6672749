"""An error as a person and as a program read it."""

from __future__ import annotations

from typing import Any

from runner.errors import (
    AllRolledBack,
    Committed,
    HalfDone,
    InBatches,
    InEffect,
    Left,
    Location,
    RolledBack,
    RunnerError,
    StoppedError,
    Unknown,
)
from runner.report.terminal import Style
from runner.wording import capitalized, counted, is_or_are

_WINDOW = 100  # a longer source line is shown around its caret only


def error_as_text(error: RunnerError, style: Style) -> str:
    """Render message, place, source line with caret, detail and hint."""
    lines = [f"{style('error:', 'red', 'bold')} {style(error.message, 'bold')}"]
    if error.where is not None:
        lines.append(f"  at {error.where}")
        lines.extend(_excerpt(error.where, style))
    for label, text in (("detail", detail_of(error)), ("hint", error.advice)):
        if text:
            first, *rest = text.splitlines()
            lines.append(f"  {style(label + ':', 'cyan')} {first}")
            lines.extend(f"    {line}" for line in rest)
    return "\n".join(lines)


def error_as_line(error: RunnerError) -> str:
    """Render message, place, detail and hint as one line, for those who have room for one."""
    place = "" if error.where is None else f" at {error.where}"
    parts = (f"error: {error.message}{place}", detail_of(error), error.advice)
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
        "detail": detail_of(error) or None,
        "hint": error.advice,
        "sqlstate": error.sqlstate,
        "exit_code": error.exit_code,
    }


def detail_of(error: RunnerError) -> str:
    """Return what is known of an error and in which state it left the database."""
    lines = [error.detail] if error.detail else []
    left = "" if error.left is None else in_words(error.left)
    if error.refused is not None:
        number, total, context, query = error.refused
        of_all = "" if total is None else f" of {total}"
        place = "" if number is None else f"Statement {number}{of_all}, "
        lines.append(f"{place}SQLSTATE {error.sqlstate}{f'; {left}' if left else '.'}")
        lines += context.splitlines()
        lines += [f"Query: {query}"] if query else []
    elif left:
        lines[-1:] = [" ".join([*lines[-1:], capitalized(left)])]
    if isinstance(error, StoppedError) and error.left is not None:
        lines[-1] += " The database is consistent with its history."
    return "\n".join([*lines, *error.notes])


def in_words(left: Left) -> str:
    """Return in which state a failure left the database."""
    match left:
        case RolledBack("rollback", id_, later):
            return f"the rollback was undone whole; {id_} is still applied.{_rest(later)}"
        case RolledBack("repeatable", _, later):
            return f"it was rolled back whole; what was applied before is still in place.{_rest(later)}"
        case RolledBack("hook", id_, _):
            return f"the hook {id_} was rolled back whole; the migrations before it are still applied."
        case RolledBack(_, _, later):
            return f"the migration was rolled back whole.{_rest(later)}"
        case AllRolledBack(1):
            return "the migration that this run had begun was rolled back."
        case AllRolledBack(migrations):
            return f"all {counted(migrations, 'migration')} that this run had begun were rolled back."
        case InEffect():
            return _in_effect(left)
        case InBatches(rows, batches):
            done = f"{counted(rows, 'row')} in {counted(batches, 'batch', 'batches')}"
            return f"{done} {is_or_are(rows)} committed and {'stays' if rows == 1 else 'stay'} so; the next run goes on from there."
        case HalfDone(done_others, others):
            of_them = f" {capitalized(_counted(done_others, others, 'other statement'))}." if others else ""
            return f"it commits in its middle: what it had committed stays, the rest is rolled back.{of_them}"
        case Committed("run"):
            return "all of the run's migrations had been committed just before."
        case Committed():
            return "it had been committed just before."
        case Unknown("history"):
            return (
                "its transaction either committed whole, with its record, or not at all; history knows which."
            )
        case Unknown("journal"):
            return "its journal in the database knows which of its statements took effect."
        case Unknown():
            return "the server did not answer, so the outcome is not known here: see runner status."


def _in_effect(left: InEffect) -> str:
    if not left.done and not left.batch_rows and not left.in_doubt:
        recorded = "the migration is still" if left.is_rollback else "it is not"
        return f"nothing of the file is in effect, and {recorded} recorded as applied."
    batches = f"{counted(left.batch_rows, 'row')} of its batches {is_or_are(left.batch_rows)} committed"
    rows = f", {batches}" if left.batch_rows else ""
    begun = "the next one is too" if left.in_doubt == 1 else f"{left.in_doubt} others are too"
    doubt = f", and the next run finds out, or asks, whether {begun}" if left.in_doubt else ""
    goes_on = "; the next run goes on from there" if left.goes_on and not left.in_doubt else ""
    why = ", because the file is not transactional" if left.done else ""
    return f"{_counted(left.done, left.total)}{why}{rows}{doubt}{goes_on}."


def _counted(done: int, total: int, noun: str = "statement") -> str:
    return f"{done or 'none'} of {counted(total, noun)} {is_or_are(max(done, 1))} in effect"


def _rest(later: int) -> str:
    return f" {counted(later, 'later step')} not begun." if later else ""


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
