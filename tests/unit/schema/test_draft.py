"""A draft is written whole, and knows what a type can hold."""

from __future__ import annotations

import pytest

from runner.errors import FileError
from runner.files.migrations.layout import Source
from runner.files.migrations.scaffold import write_pairs
from runner.schema.draft.columns import holds_all


def test_several_migrations_are_written_whole_or_not_at_all(tmp_path):
    source = Source(tmp_path)
    (tmp_path / "0002_b.rollback.sql").write_text("")
    texts = [("0001_a", "SELECT 1;\n", "SELECT 1;\n"), ("0002_b", "SELECT 2;\n", "SELECT 2;\n")]
    with pytest.raises(FileError):
        write_pairs(source, texts)
    assert [path.name for path in tmp_path.iterdir()] == ["0002_b.rollback.sql"]


@pytest.mark.parametrize(
    ("old", "new", "all_"),
    [
        ("integer", "bigint", True),
        ("bigint", "integer", False),
        ("bigint", "numeric", True),
        ("bigint", "numeric(4,0)", False),
        ("character varying(9)", "character varying(10)", True),
        ("character varying(9)", "character varying(8)", False),
        ("character varying", "character varying(80)", False),
        ("character varying(9)", "text", True),
        ("text", "character varying", True),
        ("numeric(10,2)", "numeric(12,2)", True),
        ("numeric(10,2)", "numeric(10,3)", False),
        ("numeric(10,2)", "numeric", True),
        ("timestamp(3) with time zone", "timestamp(6) with time zone", True),
        ("timestamp with time zone", "timestamp(0) with time zone", False),
        ("timestamp without time zone", "date", False),
        ("date", "timestamp without time zone", True),
        ("json", "jsonb", False),
        ("character(3)", "character(2)", False),
        ("public.mood", "text", True),
    ],
)
def test_a_type_that_holds_less_is_known(old, new, all_):
    assert holds_all(old, new) is all_
