"""PostgreSQL's client programs, as they name themselves."""

from __future__ import annotations

import pytest

from runner.upkeep.backup.programs import Program


@pytest.mark.parametrize(("version", "major"), [("15.18", 15), ("18beta1", 18), ("19devel", 19)])
def test_the_major_version_is_read_of_previews_too(version, major):
    assert Program(path="/usr/bin/pg_dump", version=version, environ={}).major == major
