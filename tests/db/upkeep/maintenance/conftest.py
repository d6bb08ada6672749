"""A project with one table that autovacuum leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.db.engine.conftest import Project


@pytest.fixture
def project(tmp_path: Path, database: dict[str, str]) -> Project:
    made = Project(tmp_path, database)
    made.write(
        "0001_things",
        "CREATE TABLE things (id int PRIMARY KEY, body text) WITH (autovacuum_enabled = false);\n",
        "DROP TABLE things;\n",
    )
    made.ok("migrate")
    made.query("ANALYZE")
    return made
