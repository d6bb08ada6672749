"""Run a transactional file with its record: one transaction, and one message unless it is large or loads data."""

from __future__ import annotations

import time
from itertools import chain

from runner.engine.apply import copy_from_file, wire
from runner.engine.apply.context import Work, record_of
from runner.engine.apply.wire import Part
from runner.engine.history.message import after, before
from runner.engine.plan import Step
from runner.errors import Left, MigrationFailedError, RunnerError
from runner.files.migrations.migration import FileChangedError
from runner.files.migrations.units import segments


def run_transactional(
    work: Work, step: Step, *, left: Left, begin: bool = True, commit: bool = True
) -> int | None:
    """Run a transactional file and record it; return the rows that it loaded.

    `left` is what is left of it when it fails.

    Raises: RunnerError; nothing of the file is then left, unless the connection was lost.
    """
    script, conn, names = step.script, work.conn, work.names
    started = time.monotonic()
    head, head_results = before(names, work.settings(script), begin=begin)
    found = segments(script)
    first = next(found, None)
    streams = (
        first is not None and first.copy_data is not None
    )  # what comes next can be read only when it is sent
    second = None if streams else next(found, None)
    try:
        outcome = wire.COMMITTING if commit else left
        with (
            wire.connection_kept(step.id, outcome=outcome),
            work.watched(step.id, gives_way=script),
            wire.explained(lambda: left),
        ):
            if second is None and not streams and not script.copies:
                tail = after(names, record_of(step, 0), work.actor, commit=commit)
                part = Part(script=script, segment=first, head=head, head_results=head_results, tail=tail)
                wire.send(conn, part)
                return None
            wire.send(conn, Part(script=script, head=head))
            earlier = 0
            ahead = chain(filter(None, (first, second)), found)
            segment = next(ahead, None)
            while segment is not None:
                part = Part(script=script, segment=segment, earlier=earlier)
                earlier += len(segment.statements)
                with wire.sending(conn, part):
                    segment = next(ahead, None)
            rows = copy_from_file.load_files(conn, script, left=left)
            elapsed_ms = round((time.monotonic() - started) * 1000)
            tail = after(names, record_of(step, elapsed_ms, rows=rows), work.actor, commit=commit)
            wire.send(conn, Part(script=script, tail=tail))
            return rows
    except FileChangedError as error:
        wire.roll_back(conn)
        raise MigrationFailedError(
            f"{step.id} changed while it was run",
            where=error.where,
            detail=f"{error.detail} It is not recorded.",
            hint=error.hint,
            left=left,
        ) from error
    except RunnerError:
        wire.roll_back(conn)
        raise
