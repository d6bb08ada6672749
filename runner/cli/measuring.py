"""`--metrics-file`: write metrics of the run for node_exporter's textfile collector or another OpenMetrics reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runner import whole
from runner.errors import RunnerError, Terminated
from runner.events import WARNING, Event
from runner.report.metrics import Tally

if TYPE_CHECKING:
    from runner.cli.options import Context
    from runner.commands.migrate import Observer


@contextmanager
def measured(context: Context, observer: Observer, path: Path, *, command: str) -> Iterator[Observer]:
    """Yield an observer that also counts; at the end, after success or failure, write the metrics.

    The file is replaced by a rename. If it cannot be written, warn and go on.
    """
    tally = Tally(command)
    code = 1
    try:
        yield tally.watching(observer)
        code = 0
    except RunnerError as error:
        code = error.exit_code
        raise
    except KeyboardInterrupt as stop:
        code = 128 + (Terminated.signal_number if isinstance(stop, Terminated) else 2)
        raise
    finally:
        try:
            # the collector reads files by their suffix, and must not see this one before it is complete
            whole.write(path, tally.rendered(code, path.read_text("utf-8") if path.exists() else ""))
        except (RunnerError, OSError, UnicodeDecodeError) as error:
            said = f"the metrics were not written to {path}: {getattr(error, 'strerror', None) or error}"
            context.tell(Event(name="metrics.unwritable", message=said, level=WARNING))
