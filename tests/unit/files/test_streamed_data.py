"""The data of a COPY in a large file are read while they are sent: what is held does not grow with them."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from runner.files.migrations.migration import FileChangedError, Script, checksum_of
from runner.files.migrations.units import check_script, segments, units
from runner.files.sqltext.lexer import statements

pytestmark = pytest.mark.slow

ROW = "1\t" + "x" * 92 + "\n"


def script_of(path: Path, text: str, *, transactional: bool = True) -> Script:
    path.write_text(text, "utf-8")
    return Script(
        path=path,
        label=path.name,
        text=None,
        checksum=checksum_of(text.encode()),
        size_bytes=len(text),
        transactional=transactional,
    )


@pytest.mark.parametrize(
    ("transactional", "begin", "commit"),
    [(True, "", ""), (False, "", ""), (False, "BEGIN;", "COMMIT;")],
    ids=["one transaction", "piecemeal", "in a block"],
)
def test_what_is_held_does_not_grow_with_the_data(tmp_path, transactional, begin, commit):
    rows = 200_000
    text = f"SELECT 1;\n{begin}COPY t FROM stdin;\n{ROW * rows}\\.\n{commit}SELECT 2;\n"
    script = script_of(tmp_path / "a.sql", text, transactional=transactional)
    sent = (
        segments(script)
        if transactional
        else (s for unit in units(script, streams=True) for s in unit.segments())
    )
    tracemalloc.start()
    try:
        assert check_script(script) == text.count(";")
        lines = sum(piece.count("\n") for s in sent if s.copy_data is not None for piece in s.data())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert lines == rows
    assert peak < 6 << 20 < len(ROW) * rows


@pytest.mark.parametrize("read", [True, False], ids=["read", "passed over"])
def test_the_fingerprint_of_streamed_data_is_that_of_the_whole(tmp_path, read):
    text = f"SELECT 1;\nCOPY t FROM stdin;\n{ROW * 1000}\\.\nSELECT 2;\n"
    script = script_of(tmp_path / "a.sql", text, transactional=False)
    found = []
    for unit in units(script, streams=True):
        if read:
            assert sum(len(piece) for s in unit.segments() for piece in s.data()) in {0, len(ROW) * 1000}
        found.append(unit.fingerprint)
    assert found == [unit.fingerprint for unit in units(script)]


BLOCK = "BEGIN;\nCOPY a FROM stdin;\n1\n2\n\\.\nSELECT 1;\nCOPY b FROM stdin;\n3\n\\.\nCOPY c FROM stdin;\n\\.\nCOMMIT;\n"


def test_the_data_of_a_block_are_read_as_often_as_they_are_asked_for(tmp_path):
    script = script_of(tmp_path / "a.sql", f"SELECT 1;\n{BLOCK}SELECT 2;\n", transactional=False)
    _, block, _ = units(script, streams=True)
    copies = [s for s in block.segments() if s.copy_data is not None]
    for _ in range(2):
        assert ["".join(s.data()) for s in copies] == ["1\n2\n", "3\n", ""]
    assert "".join(copies[0].data()) == "1\n2\n"
    assert block.fingerprint == next(u for u in units(script) if u.is_block).fingerprint


def test_data_of_a_block_that_change_before_they_are_sent_are_refused(tmp_path):
    path = tmp_path / "a.sql"
    script = script_of(path, BLOCK, transactional=False)
    (block,) = units(script, streams=True)
    path.write_text(BLOCK.replace("3\n", "4\n"))
    first, second, _ = (s for s in block.segments() if s.copy_data is not None)
    assert "".join(first.data()) == "1\n2\n"
    with pytest.raises(FileChangedError, match="the file changed while it was read"):
        list(second.data())


@pytest.mark.parametrize("size", [1, 3, 7, 64, 100_000])
@pytest.mark.parametrize("read", [True, False], ids=["read", "passed over"])
def test_data_in_pieces_are_those_of_the_whole(size, read):
    text = (
        "COPY a FROM stdin;\n\\.\nSELECT 1;\nCOPY b (x) FROM stdin; -- why\n1\\.\n \\.\n2\n\\.\n"
        "COPY c FROM stdin;\r\n\\N\r\n\\.\r\nSELECT 2"
    )
    pieces = [text[n : n + size] for n in range(0, len(text), size)]
    found = []
    for statement in statements(iter(pieces), streams=True):
        data = "".join(statement.copy_stream) if read and statement.copy_stream is not None else None
        found.append((statement.text, statement.start, data))
    whole = [(s.text, s.start, s.copy_data if read else None) for s in statements([text])]
    assert found == whole


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_place_in_a_large_file_is_that_in_its_text(tmp_path, newline):
    text = newline.join(f"é{'x' * (n % 70)}" for n in range(12_000))
    script = script_of(tmp_path / "a.sql", text)
    from dataclasses import replace

    small = replace(script, text=text)
    for offset in (0, 1, len(text) // 2, len(text) - 1, 299_990, text.index(newline, 262_000), 262_144):
        assert script.location(offset) == small.location(offset)
