r"""What is sent of a file of data: every row, a header only as a header, and no lone \. that would end it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from runner.files.migrations.bulk import parse_copy
from runner.files.migrations.datafile import DataFile, DataFileError, Form, check_header


def form_of(directive):
    return Form.of(parse_copy(directive, 0, Path("/p")))


def sent(content, directive="t from d.csv", *, header=False):
    """Return what is sent and how many rows are counted."""
    data = DataFile(io.BytesIO(content), form_of(directive))
    return b"".join(data.pieces(header=header)), data.rows


@pytest.mark.parametrize(
    ("directive", "options"),
    [
        ("t from d.csv", "FORMAT csv, ENCODING 'UTF8'"),
        ("t from d.tsv", "FORMAT text, ENCODING 'UTF8'"),
        ("t from d.csv (DELIMITER ';')", "FORMAT csv, ENCODING 'UTF8', DELIMITER ';'"),
        ("t from d.csv (format csv, NULL 'x,y')", "ENCODING 'UTF8', format csv, NULL 'x,y'"),
        ("t from d.csv (FORCE_NULL (a, b), encoding 'LATIN1')", "FORMAT csv, FORCE_NULL (a, b), encoding 'LATIN1'"),
        ("t from d.txt (FORMAT csv)", "ENCODING 'UTF8', FORMAT csv"),
    ],
)  # fmt: skip
def test_an_option_takes_nothing_from_what_the_suffix_says(directive, options):
    copy = parse_copy(directive, 0, Path("/p"))
    assert Form.of(copy).options(copy, skips_header=False) == options


def test_options_are_read_as_the_server_reads_them():
    form = form_of("t from d.txt (FORMAT CSV, DELIMITER E'\\t', QUOTE '''', HEADER)")
    assert (form.format, form.delimiter, form.quote, form.header) == ("csv", "\t", "'", "true")


@pytest.mark.parametrize(
    ("content", "expected", "rows"),
    [
        (b"x,1\n\\.\ny,2\n", b'x,1\n"\\."\ny,2\n', 3),
        (b"\\.\r\nx\r\n", b'"\\."\r\nx\r\n', 2),
        (b"x\r\\.\ry\r", b'x\r"\\."\ry\r', 3),
        (b"x\n\\.", b'x\n"\\."', 2),
        (b'"a\n\\.\nb",1\n', b'"a\n\\.\nb",1\n', 1),
        (b'"a""\n\\.\n",1\n\\.\n', b'"a""\n\\.\n",1\n"\\."\n', 2),
        (b'\\."b"\n', b'\\."b"\n', 1),
        (b'"a"\\.\n', b'"a"\\.\n', 1),
        (b"\\.x\n", b"\\.x\n", 1),
        (b"", b"", 0),
        (b"x\n\n", b"x\n\n", 2),
        (b"\xef\xbb\xbfx\n", b"x\n", 1),
    ],
)
def test_csv_is_sent_whole(content, expected, rows):
    assert sent(content) == (expected, rows)


def test_pieces_of_a_large_file_are_those_of_the_whole():
    content = b'1,"a\n\\.\n""b"\n\\.\n' * 60_000
    text, rows = sent(content)
    assert rows == 120_000
    assert text == b'1,"a\n\\.\n""b"\n"\\."\n' * 60_000


@pytest.mark.parametrize(
    ("content", "expected", "rows"),
    [
        (b"x\t1\n\\.\n", b"x\t1\n", 1),
        (b"x\t1\n\\.\n\r\n", b"x\t1\n", 1),
        (b"a\\\nb\t1\nc\\\\\nd", b"a\\\nb\t1\nc\\\\\nd", 3),
        (b"a\\\r\nb\r\nc\r\n", b"a\\\r\nb\r\nc\r\n", 2),
    ],
)
def test_text_is_sent_up_to_its_end(content, expected, rows):
    assert sent(content, "t from d.tsv") == (expected, rows)


@pytest.mark.parametrize("more", [b"y\n", b"y\n" * 300_000])
def test_rows_behind_the_end_are_an_error(more):
    with pytest.raises(DataFileError, match="rows after the line") as caught:
        sent(b"x\n\\.\n" + more, "t from d.tsv")
    assert caught.value.line == 2


def test_a_line_that_cannot_be_told_is_an_error():
    with pytest.raises(DataFileError, match="uses ESCAPE") as caught:
        sent(b"x\n\\.\n", "t from d.csv (ESCAPE '\\')")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("first", "directive", "is_header"),
    [
        (["Code", " name"], "t from d.csv", True),
        (["Code", "name"], "t from d.tsv", True),
        (["Code", "name"], "t from d.csv (HEADER false)", False),
        (["de", "Germany"], "t from d.csv", False),
        (["Kode", "Naam"], "t from d.csv (HEADER)", True),
        ([], "t from d.csv", False),
    ],
)
def test_a_header_is_known_by_the_columns(first, directive, is_header):
    assert check_header(first, ["code", "name"], form_of(directive)) is is_header


@pytest.mark.parametrize(
    ("first", "directive"),
    [
        (["name", "code"], "t from d.csv"),
        (["name", "code"], "t from d.csv (HEADER true)"),
        (["code", "label"], "t from d.csv"),
        (["code", "name", "note"], "t from d.csv"),
        (["Country Code", "Country Name"], "t from d.csv"),
        (["Kode", "Naam"], "t from d.csv (HEADER match)"),
    ],
)
def test_a_header_that_does_not_fit_is_an_error(first, directive):
    with pytest.raises(DataFileError, match="columns") as caught:
        check_header(first, ["code", "name"], form_of(directive))
    assert caught.value.line == 1
