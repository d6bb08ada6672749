"""The files: where they lie, what they say, whether they can be run."""

from runner.migrations.bulk import Batch, CopyFrom
from runner.migrations.check import Segment, Unit, check_script, ends_with_semicolon, segments, units
from runner.migrations.layout import Layout, Source, find_layouts
from runner.migrations.load import load, read_script, script_from_history
from runner.migrations.model import Kind, Migration, Script

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
    "ends_with_semicolon",
    "find_layouts",
    "load",
    "read_script",
    "script_from_history",
    "segments",
    "units",
]
