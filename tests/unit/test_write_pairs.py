"""Two runners that write migrations into one folder at once."""

from __future__ import annotations

import pytest

from runner.errors import BusyError
from runner.files.migrations.layout import Source
from runner.files.migrations.scaffold import names_in, write_pairs


def test_a_number_that_was_taken_meanwhile_is_not_used_again(tmp_path):
    source = Source(tmp_path)
    there = names_in(source)
    (tmp_path / "0001_other.sql").write_text("SELECT 1;\n", "utf-8")
    with pytest.raises(BusyError, match=r"0001_other\.sql was written meanwhile"):
        write_pairs(source, [("0001_mine", "SELECT 1;\n", None)], beside=there)
    assert names_in(source) == {"0001_other.sql"}
    write_pairs(source, [("0002_mine", "SELECT 1;\n", None)], beside=names_in(source))
    assert names_in(source) == {"0001_other.sql", "0002_mine.sql"}
