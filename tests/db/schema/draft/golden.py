"""Whole drafts, reviewed as a diff. Where PostgreSQL 18 has another form, NAME.18.sql holds it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.unit.review.lint.golden import UPDATE, assert_golden

_FOLDER = Path(__file__).with_name("golden_files")


def assert_golden_draft(name: str, text: str, *, server_version: int) -> None:
    """Compare a draft with the file that holds it; `server_version` is as libpq has it."""
    path, since_18 = _FOLDER / f"{name}.sql", _FOLDER / f"{name}.18.sql"
    if server_version >= 180000:
        differs = path.exists() and text != path.read_text("utf-8")
        if since_18.exists() or (differs and os.environ.get(UPDATE)):
            path = since_18
    assert_golden(path, text)
