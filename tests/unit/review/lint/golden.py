"""Whole outputs, reviewed as a diff; RUNNER_UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

UPDATE = "RUNNER_UPDATE_GOLDEN"


def assert_golden(path: Path, text: str) -> None:
    """Compare a text with the file that holds it."""
    if os.environ.get(UPDATE):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert path.is_file(), f"run with {UPDATE}=1 and review {path}"
    assert text == path.read_text("utf-8"), f"review the difference, then run again with {UPDATE}=1"
