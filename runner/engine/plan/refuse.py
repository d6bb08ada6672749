"""The reasons to refuse a plan, each with its place and the ways out."""

from __future__ import annotations

from collections.abc import Sequence

from runner.engine.history.state import Applied, Partial, State
from runner.engine.plan.comparison import Comparison, Standing
from runner.engine.plan.steps import Step
from runner.errors import CheckError, FileError, Location
from runner.files.migrations.migration import Kind, Migration, Script
from runner.wording import counted


class EditedError(CheckError):
    """A file was changed after it had been applied, or `is_begun`, after a part of it had been run."""

    def __init__(
        self, message: str, *, migration_id: str, script: Script, is_begun: bool, detail: str, hint: str
    ) -> None:
        super().__init__(message, where=Location(script.label), detail=detail, hint=hint)
        self.migration_id = migration_id
        self.script = script
        self.is_begun = is_begun

    def note_difference(self, before: str | None) -> None:
        """Note how the file differs from the SQL that history keeps; not where one of the two is too large to keep."""
        if before is None or self.script.text is None:
            return
        import difflib  # for start-up time

        lines = difflib.unified_diff(
            before.splitlines(),
            self.script.text.splitlines(),
            "as begun" if self.is_begun else "as applied",
            self.script.label,
            lineterm="",
        )
        self.notes += lines


def refuse_partial(comparison: Comparison) -> None:
    """Refuse to go on where a file is half rolled back, is gone, or is not what was begun.

    Raises: CheckError.
    """
    for standing in comparison.standings:
        partial = standing.partial
        if partial is None:
            continue
        if partial.direction == "rollback":
            raise CheckError(
                f"{partial.id} is partly rolled back: {_extent(partial)}",
                detail="Nothing was run.",
                hint="Finish the rollback first: runner rollback",
            )
        if standing.migration is None:
            raise CheckError(
                f"{partial.id} is partly applied, {_extent(partial)}, and its file is gone",
                detail="Nothing was run.",
                hint="Restore the file; or, once you have undone by hand what it did: "
                f'runner repair restart {partial.id} --reason "…"',
            )
        if partial.checksum != standing.migration.checksum:
            raise _edited_half_way(standing.migration.apply, partial)


def refuse_edited_half_way(state: State, steps: Sequence[Step]) -> None:
    """Refuse to go on with a rollback whose file is not what was begun.

    Raises: CheckError.
    """
    for step in steps[:1]:
        partial = state.partial.get(step.id)
        if partial is not None and partial.checksum != step.script.checksum:
            raise _edited_half_way(step.script, partial)


def _edited_half_way(script: Script, partial: Partial) -> EditedError:
    return EditedError(
        f"{partial.id} was edited after {_had_been_done(partial)}",
        migration_id=partial.id,
        script=script,
        is_begun=True,
        detail=f"Begun as {partial.checksum[:12]}, the file is now {script.checksum[:12]}. Nothing was run.",
        hint="Restore the file. If you changed only the part that was not run: "
        f'runner repair continue {partial.id} --reason "…". If what was run is undone by hand: '
        f'runner repair restart {partial.id} --reason "…"',
    )


def refuse_half_applied(state: State, chosen: Sequence[str]) -> None:
    """Refuse to roll back while a file is partly applied, or another than the one that is half rolled back.

    Raises: CheckError.
    """
    for partial in state.partial.values():
        if partial.direction == "apply":
            raise partly_applied(partial, detail="Nothing was rolled back.")
        if chosen[:1] != [partial.id]:
            raise CheckError(
                f"{partial.id} is partly rolled back: {_extent(partial)}",
                detail="It must be finished before anything else is rolled back. Nothing was changed.",
                hint="runner rollback --steps 1",
            )


def partly_applied(partial: Partial, *, detail: str) -> CheckError:
    """Return the error for what cannot be done while a file is partly applied."""
    return CheckError(
        f"{partial.id} is partly applied: {_extent(partial)}",
        detail=detail,
        hint="Finish it with runner migrate; or, once you have undone by hand what it did: "
        f'runner repair restart {partial.id} --reason "…"',
    )


def _extent(partial: Partial) -> str:
    batches = f", {counted(partial.batch_rows, 'row')} in batches" if partial.batch_rows else ""
    return f"{partial.done} of {counted(partial.total, 'statement')}{batches}"


def _had_been_done(partial: Partial) -> str:
    statements = f"{partial.done} of {counted(partial.total, 'statement')} had been run"
    if not partial.batch_rows:
        return statements
    rows = f"{counted(partial.batch_rows, 'row')} had been changed in batches"
    return f"{statements} and {rows}" if partial.done else rows


def refuse_renamed(pending: Sequence[Migration], missing: Sequence[Standing]) -> None:
    """Refuse a pending file that is an applied one under another name.

    Raises: CheckError.
    """
    gone = {s.applied.checksum: s.id for s in missing if s.applied is not None and s.applied.checksum}
    for migration in pending:
        old = gone.get(migration.checksum)
        if old is not None:
            raise CheckError(
                f"{migration.id} is {old} under another name",
                where=Location(migration.apply.label),
                detail=f"{old} is applied, its file is gone, and the two have the same checksum. Nothing was run.",
                hint=f"Rename the file back to {old}.sql, or record its new name: "
                f'runner repair rename {old} {migration.id} --reason "…"',
            )


def refuse_problems(problems: Sequence[FileError]) -> None:
    """Refuse files that may not be run as they are, and report all that is wrong with them at once.

    Raises: FileError for the first, with the others in its detail.
    """
    if not problems:
        return
    first, *others = problems
    detail = [first.detail or "", "Nothing was run."]
    if others:
        detail.append(f"\n{counted(len(others), 'more problem')} of this kind:")
    lines = [f"{problem.where}: {problem.message}. {problem.hint or ''}".rstrip() for problem in others]
    raise FileError(
        first.message,
        where=first.where,
        detail="\n".join((" ".join(filter(None, detail)).replace(" \n", "\n"), *lines)),
        hint=first.hint,
    ) from first


def refuse_python(pending: Sequence[Migration]) -> None:
    """Refuse to run Python.

    Raises: FileError.
    """
    for migration in pending:
        if migration.kind is Kind.PYTHON:
            raise FileError(
                f"{migration.id} is a Python migration, and runner runs only SQL",
                where=Location(migration.apply.label),
                detail="In a database where yoyo applied it, it may stay; a new or a scratch database needs it as SQL. "
                "Nothing was run.",
                hint=f"Replace it with {migration.id}.sql and {migration.id}.rollback.sql: where it is applied, "
                "it is not run again. Or apply it with yoyo itself.",
            )


def edited_error(edited: Sequence[Standing]) -> EditedError:
    """Return the error for files that were changed after they had been applied."""
    first = edited[0]
    if first.migration is None or first.applied is None:
        raise ValueError(first)
    others = f" Edited too: {', '.join(s.id for s in edited[1:])}." if edited[1:] else ""
    return EditedError(
        f"{first.id} was edited after it had been applied",
        migration_id=first.id,
        script=first.migration.apply,
        is_begun=False,
        detail=f"Applied as {(first.applied.checksum or '')[:12]}, the file is now {first.migration.checksum[:12]}."
        f"{others} Nothing was run.",
        hint="Restore the file and put the change in a new migration; in a database that only you use, runner rollback "
        "first, then migrate. To accept the edited file as it is: "
        f'runner repair accept {first.id} --reason "…"',
    )


def reapplied_error(again: Applied, older: str) -> CheckError:
    """Return the error for a rollback that would skip what was applied last."""
    return CheckError(
        f"the last thing applied is a new version of {again.id}, a repeatable",
        detail=f"The newest migration before it is {older}. Nothing was rolled back.",
        hint=f"To undo the new version, restore the file of {again.id} as it was and run: runner migrate. "
        f"To roll back {older} anyway: runner rollback --steps 1",
    )


def order_in_doubt(entry: Applied, other: Applied) -> str:
    """Return the sentence for two migrations whose order of application is unknown."""
    return (
        f"it is not certain whether {entry.id} was applied before {other.id} or after it: yoyo applied the former, and "
        "history has only its time"
    )


def order_in_doubt_error(entry: Applied, other: Applied) -> CheckError:
    """Return the error for a rollback of the newest, where that is not certain."""
    return CheckError(
        order_in_doubt(entry, other),
        detail=f"By the server's clock {entry.id} was applied at {entry.applied_at:%Y-%m-%d %H:%M:%S}, {other.id} at "
        f"{other.applied_at:%Y-%m-%d %H:%M:%S} UTC. Nothing was rolled back.",
        hint="See the assumed order with runner status --history, and choose how far to go back: runner rollback --to ID",
    )


def out_of_order_error(late: Sequence[Standing], comparison: Comparison) -> CheckError:
    """Return the error for pending files below the newest applied one."""
    newest = [
        s.id
        for s in comparison.standings
        if s.applied is not None and s.migration is not None and s.migration.kind is not Kind.REPEATABLE
    ][-1]
    first = late[0]
    others = f" Out of order too: {', '.join(s.id for s in late[1:])}." if late[1:] else ""
    return CheckError(
        f"{first.id} is out of order: {newest} is applied already",
        where=None if first.migration is None else Location(first.migration.apply.label),
        detail=f"This database could then differ from those that applied the files in order.{others} Nothing was run.",
        hint=f"Give it a number above {newest}, or apply it anyway with --allow-out-of-order.",
    )
