"""The files: where they lie, what they say, whether they can be run."""

from typing import TYPE_CHECKING

from runner.deferred import deferred
from runner.files.migrations.layout import Layout, Source, find_layouts
from runner.files.migrations.load import load, read_script, script_from_history
from runner.files.migrations.model import Kind, Migration, Script

if TYPE_CHECKING:
    from runner.files.migrations.bulk import Batch, CopyFrom
    from runner.files.migrations.check import (
        Segment,
        Unit,
        check_script,
        checked_statements,
        ends_with_semicolon,
        segments,
        units,
    )
else:
    __getattr__ = deferred(
        __name__,
        bulk=("Batch", "CopyFrom"),
        check=(
            "Segment",
            "Unit",
            "check_script",
            "checked_statements",
            "ends_with_semicolon",
            "segments",
            "units",
        ),
    )

__all__ = [
    "Batch",
    "CopyFrom",
    "Kind",
    "Layout",
    "Migration",
    "Script",
    "Segment",
    "Source",
    "Unit",
    "check_script",
    "checked_statements",
    "ends_with_semicolon",
    "find_layouts",
    "load",
    "read_script",
    "script_from_history",
    "segments",
    "units",
]
